use super::*;
use serde_json::{Value, json};

/// Whether `value` fits `schema`: the keywords that our schema uses, and a panic at any other.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(keywords) = schema.as_object() else { return schema.as_bool().unwrap() };
    keywords.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$ref" => {
            let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
            fits(root, root.pointer(pointer).unwrap(), value)
        }
        "type" => match rule {
            Value::Array(types) => types.iter().any(|name| is_of_type(value, name.as_str().unwrap())),
            name => is_of_type(value, name.as_str().unwrap()),
        },
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "oneOf" => rule.as_array().unwrap().iter().filter(|each| fits(root, each, value)).count() == 1,
        "anyOf" => rule.as_array().unwrap().iter().any(|each| fits(root, each, value)),
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "required" => value.as_object().is_none_or(|table| {
            rule.as_array().unwrap().iter().all(|key| table.contains_key(key.as_str().unwrap()))
        }),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, rule, item))),
        "properties" => value.as_object().is_none_or(|table| {
            table.iter().all(|(key, value)| rule.get(key).is_none_or(|each| fits(root, each, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|table| {
            let known = schema.get("properties").and_then(Value::as_object);
            let others = table.iter().filter(|(key, _)| !known.is_some_and(|known| known.contains_key(*key)));
            others.into_iter().all(|(_, value)| fits(root, rule, value))
        }),
        "$schema" | "$defs" | "title" | "description" | "default" | "format" => true,
        other => panic!("the check does not know the keyword {other}"),
    })
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no such type: {other}"),
    }
}

/// What the schema says of a document; the loader must say the same.
fn accepted(document: &Value) -> bool {
    let schema = serde_json::to_value(schema()).unwrap();
    let by_schema = fits(&schema, &schema, document);
    let loaded = ResilienceConfig::load(&Sources::new().text("j", Format::Json, document.to_string()));
    assert_eq!(by_schema, loaded.is_ok(), "{document} {loaded:?}");
    by_schema
}

#[test]
fn the_defaults_of_every_profile_are_accepted() {
    assert!(accepted(&json!({})));
    for profile in Profile::ALL {
        let config = ResilienceConfig::from_profile(profile);
        let mut document = serde_json::to_value(config.general()).unwrap();
        document["profile"] = json!(profile);
        document["service"] = config
            .services()
            .map(|(name, service)| (name.to_owned(), serde_json::to_value(service).unwrap()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert!(accepted(&document), "{profile}");
    }
}

#[test]
fn what_the_loader_refuses_by_name_or_type_the_schema_refuses() {
    for wrong in [
        json!({ "braker": {} }),
        json!({ "breaker": { "open_fro": "1s" } }),
        json!({ "service": { "x": { "braker": {} } } }),
        json!({ "service": { "x": { "retry": { "max_tries": 3 } } } }),
        json!({ "service": { "x": { "profile": "testing" } } }),
        json!({ "profile": "prod" }),
        json!({ "retry": { "jitter": "some" } }),
        json!({ "retry": { "max_attempts": "five" } }),
        json!({ "retry": { "max_attempts": -1 } }),
        json!({ "timeout": { "after": 5 } }),
        json!({ "timeout": { "shadow": "yes" } }),
        json!({ "timeout": 5 }),
    ] {
        assert!(!accepted(&wrong), "{wrong}");
    }
}

#[test]
fn every_section_is_in_it() {
    let schema = serde_json::to_value(schema()).unwrap();
    for section in ServiceConfig::SECTIONS {
        assert!(schema["properties"][section]["$ref"].is_string(), "{section}");
    }
}
