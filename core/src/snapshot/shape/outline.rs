//! What a value shows of the shape of its type: keys and kinds, no content.

use serde::Serialize;
use serde_json::Value;

/// The outline of a value's JSON.
pub(super) fn of<T: Serialize>(value: &T) -> String {
    let mut outline = String::new();
    match serde_json::to_value(value) {
        Ok(value) => draw(&value, &mut outline),
        Err(_) => outline.push_str("no JSON"),
    }
    outline
}

fn draw(value: &Value, to: &mut String) {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(_) => to.push_str("bool"),
        Value::Number(_) => to.push_str("number"),
        Value::String(_) => to.push_str("string"),
        Value::Array(elements) => {
            // What comes from a hash set has another order in each process.
            let mut kinds: Vec<String> = elements.iter().map(outline).collect();
            kinds.sort();
            kinds.dedup();
            to.push('[');
            to.push_str(&kinds.join(","));
            to.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            to.push('{');
            for (key, value) in fields {
                to.push_str(key);
                to.push('\u{1f}');
                draw(value, to);
                to.push('\u{1f}');
            }
            to.push('}');
        }
    }
}

fn outline(value: &Value) -> String {
    let mut outline = String::new();
    draw(value, &mut outline);
    outline
}
