use super::*;

#[test]
fn everything_that_is_wrong_is_said_at_once_with_path_value_range_and_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("house.toml");
    std::fs::write(
        &file,
        "
        [braker]
        failure_threshold = 1
        [retry]
        max_attempts = 0
        [service.database.breaker]
        open_for = '0s'
        open_fro = '1s'
        abandoned = 'ignored'
        [service.database.timeout]
        after = '5 parsecs'
        [service.search]
        timeout = 5
        ",
    )
    .unwrap();
    let sources = Sources::new().file(&file).variables([
        ("MAINSTAY_PROFILE", "prod"),
        ("MAINSTAY_SERVICE__DATABASE__BREAKER__MAX_PROBES", "0"),
        ("MAINSTAY_RETRY__MULTIPLIER", "many"),
    ]);
    let said = refused(&sources);
    let file = file.display();
    for expected in [
        format!("braker: no such setting, did you mean `breaker`?; set in file `{file}`"),
        format!("retry.max_attempts = 0 is out of range: it must be at least 1; set in file `{file}`"),
        format!(
            "service.database.breaker.abandoned = \"ignored\" cannot be read: \
             expected one of success, failure, ignore, abandoned, did you mean `ignore`?; set in file `{file}`"
        ),
        format!(
            "service.database.breaker.open_for = 0ns is out of range: it must be 1ms to 365d; set in file `{file}`"
        ),
        format!(
            "service.database.breaker.open_fro: no such setting, did you mean `open_for`?; set in file `{file}`"
        ),
        format!(
            "service.database.timeout.after = \"5 parsecs\" cannot be read: expected a duration; \
             set in file `{file}`"
        ),
        format!("service.search.timeout = 5 cannot be read: expected a table; set in file `{file}`"),
        "profile = \"prod\" cannot be read: expected one of standard, development, testing, production, \
         high_load, did you mean `production`?; set in environment variable `MAINSTAY_PROFILE`"
            .into(),
        "service.database.breaker.max_probes = 0 is out of range: it must be 1 to 65535; \
         set in environment variable `MAINSTAY_SERVICE__DATABASE__BREAKER__MAX_PROBES`"
            .into(),
        "retry.multiplier = \"many\" cannot be read: expected f64; \
         set in environment variable `MAINSTAY_RETRY__MULTIPLIER`"
            .into(),
    ] {
        assert!(said.contains(&expected), "missing: {expected}\nin: {said:#?}");
    }
    assert_eq!(said.len(), 10, "{said:#?}");
}

#[test]
fn the_error_lists_its_problems() {
    let error =
        ResilienceConfig::load(&toml("[retry]\nmax_attempts = 0\n[timeout]\nafter = '0s'")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration was refused, 2 problem(s):\n\
         - retry.max_attempts = 0 is out of range: it must be at least 1; set in text `t`\n\
         - timeout.after = 0ns is out of range: it must be longer than 0s; set in text `t`"
    );
}

#[test]
fn a_key_like_none_is_refused_with_the_keys_there_are() {
    assert_eq!(
        refused(&toml("[service.x.zzz]\na = 1")),
        [format!(
            "service.x.zzz: no such setting, there are: {}; set in text `t`",
            ServiceConfig::SECTIONS.join(", ")
        )]
    );
}

#[test]
fn a_profile_belongs_to_the_whole_and_not_to_a_service() {
    let said = refused(&toml("[service.x]\nprofile = 'testing'"));
    assert!(said[0].starts_with("service.x.profile: no such setting"), "{said:?}");
}

/// `initial` was set and is fine by itself; with the profile's `max` it is not.
#[test]
fn fields_that_do_not_fit_together_are_laid_to_the_service_that_set_one() {
    assert_eq!(
        refused(&toml("[service.x.retry]\ninitial = '11s'")),
        ["service.x.retry.max = 10s is out of range: it must be at least `initial`; \
             set in profile `standard`"]
    );
    // Said of all services, it is wrong in each of them and said once; said again of one, it is wrong there, too.
    assert_eq!(refused(&toml("[retry]\ninitial = '11s'")).len(), 1);
    assert_eq!(refused(&toml("[retry]\nmax_attempts = 0\n[service.x.retry]\nmax_attempts = 0")).len(), 2);
}

#[test]
fn a_problem_inside_a_field_is_laid_to_whoever_set_the_field() {
    let sources =
        toml("[breaker]\nwindow.count = 0\nminimum_calls = 0\n[service.x.breaker]\nwindow.time = '2h'");
    assert_eq!(
        refused(&sources),
        [
            "breaker.window.count = 0 is out of range: it must be 1 to 16384; set in text `t`",
            "breaker.minimum_calls = 0 is out of range: it must be at least 1; set in text `t`",
            "service.x.breaker.window.time = 7200s is out of range: it must be 10ms to 1h; set in text `t`",
        ]
    );
}

#[test]
fn a_broken_text_is_refused_and_the_other_sources_are_checked_all_the_same() {
    let sources = toml("[retry\n").text("u", Format::Json, r#"{ "timeout": { "after": "0s" } }"#);
    let said = refused(&sources);
    assert!(said[0].starts_with("text `t` cannot be read: TOML parse error at line 1"), "{said:?}");
    assert!(said[1].starts_with("timeout.after = 0ns is out of range"), "{said:?}");
    assert_eq!(said.len(), 2);
}

#[test]
fn services_and_sections_must_be_tables() {
    assert_eq!(
        refused(&toml("service = 5")),
        ["service = 5 cannot be read: expected a table; set in text `t`"]
    );
    assert_eq!(
        refused(&toml("service.x = 'y'\nretry = 3")),
        [
            "retry = 3 cannot be read: expected a table; set in text `t`",
            "service.x = \"y\" cannot be read: expected a table; set in text `t`",
        ]
    );
}
