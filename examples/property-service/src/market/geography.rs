use crate::domain::Locality;

const EARTH_RADIUS_KM: f64 = 6371.0;

/// Degrees, south and west negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub latitude: f64,
    pub longitude: f64,
}

impl Point {
    pub(super) const fn new(latitude: f64, longitude: f64) -> Self {
        Self { latitude, longitude }
    }

    pub(super) fn of(locality: &Locality) -> Self {
        Self::new(locality.latitude, locality.longitude)
    }

    /// Along the great circle (haversine: it keeps its precision over short distances).
    pub(super) fn km_to(self, other: Self) -> f64 {
        let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin();
        let along = half_sine(other.latitude - self.latitude);
        let across = half_sine(other.longitude - self.longitude);
        let shrink = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        2.0 * EARTH_RADIUS_KM * (along * along + shrink * across * across).sqrt().min(1.0).asin()
    }

    /// To the nearest point of the segment, on a plane laid at this point: good for segments of a few hundred
    /// kilometres.
    pub(super) fn km_to_segment(self, from: Self, to: Self) -> f64 {
        let (x1, y1) = self.plane_km(from);
        let (x2, y2) = self.plane_km(to);
        let (dx, dy) = (x2 - x1, y2 - y1);
        let length = dx * dx + dy * dy;
        let share = if length == 0.0 { 0.0 } else { (-(x1 * dx + y1 * dy) / length).clamp(0.0, 1.0) };
        (x1 + share * dx).hypot(y1 + share * dy)
    }

    fn plane_km(self, other: Self) -> (f64, f64) {
        let km_per_degree = EARTH_RADIUS_KM.to_radians();
        let shrink = self.latitude.to_radians().cos();
        (
            (other.longitude - self.longitude) * km_per_degree * shrink,
            (other.latitude - self.latitude) * km_per_degree,
        )
    }
}

/// A state's capital, and what a home there costs against one in Adelaide.
pub(super) struct Capital {
    pub place: Point,
    pub price_level: f64,
}

/// The capital of one of the states the localities reader lets through.
pub(super) fn capital_of(state: &str) -> Capital {
    let (latitude, longitude, price_level) = match state {
        "NSW" => (-33.8688, 151.2093, 1.85),
        "VIC" => (-37.8136, 144.9631, 1.35),
        "QLD" => (-27.4698, 153.0251, 1.20),
        "WA" => (-31.9523, 115.8613, 1.05),
        "TAS" => (-42.8821, 147.3272, 0.95),
        "NT" => (-12.4634, 130.8456, 0.80),
        "ACT" => (-35.2809, 149.1300, 1.25),
        _ => (-34.9285, 138.6007, 1.00),
    };
    Capital { place: Point::new(latitude, longitude), price_level }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sydney_to_melbourne_is_713_km() {
        let km = capital_of("NSW").place.km_to(capital_of("VIC").place);
        assert!((km - 713.0).abs() < 3.0, "{km}");
    }

    #[test]
    fn a_segment_is_nearest_at_its_foot_or_its_end() {
        let here = Point::new(-30.0, 150.0);
        let foot = here.km_to_segment(Point::new(-31.0, 151.0), Point::new(-29.0, 151.0));
        assert!((foot - here.km_to(Point::new(-30.0, 151.0))).abs() < 0.2, "{foot}");
        let end = here.km_to_segment(Point::new(-31.0, 151.0), Point::new(-30.5, 151.0));
        assert!((end - here.km_to(Point::new(-30.5, 151.0))).abs() < 1.0, "{end}");
        let point = Point::new(-30.5, 151.0);
        assert!((here.km_to_segment(point, point) - here.km_to(point)).abs() < 1.0);
    }
}
