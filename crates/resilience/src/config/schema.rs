use super::{
    Profile, ServiceConfig,
    document::{PROFILE, SERVICE},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

/// The JSON Schema (draft 2020-12) of a configuration file, for editors and for checks before a deployment.
///
/// It knows names, types and defaults; ranges are checked when a file is loaded.
///
/// ```
/// let schema = mainstay_resilience::config::schema();
/// println!("{}", serde_json::to_string_pretty(&schema).unwrap());
/// ```
pub fn schema() -> Schema {
    let mut generator = SchemaGenerator::default();
    let profile = generator.subschema_for::<Profile>();
    let service = generator.subschema_for::<ServiceConfig>();
    let definitions = generator.take_definitions(true);

    // A document is a service's sections for all services, and two keys more.
    let sections =
        definitions.get(&*ServiceConfig::schema_name()).and_then(|service| service.get("properties"));
    let mut properties = sections.and_then(Value::as_object).cloned().unwrap_or_default();
    properties.insert(PROFILE.into(), profile.into());
    properties.insert(SERVICE.into(), by_name(&service));
    json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mainstay-resilience",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn by_name(service: &Schema) -> Value {
    let mut table = Map::new();
    table.insert("description".into(), "What differs for single services, by name.".into());
    table.insert("type".into(), "object".into());
    table.insert("additionalProperties".into(), service.clone().into());
    Value::Object(table)
}
