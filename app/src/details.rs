//! What an answer took, in words, from the metadata the server keeps with it.

use serde_json::Value;

use crate::language::t;
use crate::units::{duration, money};

/// The model, its tokens, the time and the money, as far as they are known.
pub(crate) fn details(metadata: &Value) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    words.extend(metadata["model"].as_str().map(str::to_owned));
    let usage = &metadata["usage"];
    if let (Some(read), Some(written)) =
        (usage["inputTokens"].as_u64(), usage["outputTokens"].as_u64())
    {
        words.push(t().tokens_read_and_written(read, written));
    }
    words.extend(metadata["durationMs"].as_u64().map(duration));
    words.extend(metadata["cost"].as_f64().map(|cost| t().cost(money(cost))));
    (!words.is_empty()).then(|| words.join(" \u{b7} "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::details;

    #[test]
    fn what_is_known_is_told() {
        let all = json!({
            "model": "small", "usage": {"inputTokens": 120, "outputTokens": 34},
            "durationMs": 2100, "cost": 0.0012,
        });
        assert_eq!(
            details(&all).unwrap(),
            "small \u{b7} 120 tokens read, 34 written \u{b7} 2.1 s \u{b7} cost 0.0012"
        );
        assert_eq!(details(&json!({"model": "small"})).unwrap(), "small");
        assert_eq!(details(&json!({"model": 5, "usage": "x"})), None);
        assert_eq!(details(&json!(null)), None);
    }
}
