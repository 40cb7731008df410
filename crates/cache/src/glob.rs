use unicode_normalization::UnicodeNormalization;

/// A compiled glob over rendered keys: `*` any run, `?` one character, `[a-z]` and `[^a-z]` classes, `\` takes the next
/// character literally; a `[` that is never closed stands for itself.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    prefix: String,
    rest: Vec<Token>,
}

#[derive(Debug, Clone)]
enum Token {
    Run,
    One,
    Exactly(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn admits(&self, c: char) -> bool {
        match self {
            Self::Run | Self::One => true,
            Self::Exactly(own) => *own == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        let text: Vec<char> = pattern.nfc().collect();
        let mut tokens = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(&c) = text.get(at) {
            at += 1;
            match c {
                '*' => {
                    if !matches!(tokens.last(), Some(Token::Run)) {
                        tokens.push(Token::Run);
                    }
                }
                '?' => tokens.push(Token::One),
                '\\' => {
                    tokens.push(Token::Exactly(text.get(at).copied().unwrap_or('\\')));
                    at += 1;
                }
                '[' => match class(&text[at..]) {
                    Some((token, length)) => {
                        tokens.push(token);
                        at += length;
                    }
                    None => tokens.push(Token::Exactly('[')),
                },
                other => tokens.push(Token::Exactly(other)),
            }
        }
        let literal = tokens.iter().take_while(|token| matches!(token, Token::Exactly(_))).count();
        let rest = tokens.split_off(literal);
        let prefix = tokens
            .iter()
            .filter_map(|token| if let Token::Exactly(c) = token { Some(*c) } else { None })
            .collect();
        Self { prefix, rest }
    }

    /// Linear in the common cases (a literal, a prefix), at worst pattern times key: a run only remembers where it last began.
    pub(crate) fn matches(&self, key: &str) -> bool {
        let Some(key) = key.strip_prefix(self.prefix.as_str()) else { return false };
        if let [Token::Run] = self.rest.as_slice() {
            return true;
        }
        let mut token = 0;
        let mut left = key;
        let mut retry: Option<(usize, &str)> = None;
        loop {
            if let Some(Token::Run) = self.rest.get(token) {
                retry = Some((token, left));
                token += 1;
                continue;
            }
            let mut chars = left.chars();
            match (self.rest.get(token), chars.next()) {
                (None, None) => return true,
                (Some(own), Some(c)) if own.admits(c) => {
                    token += 1;
                    left = chars.as_str();
                }
                _ => {
                    let Some((run, from)) = retry else { return false };
                    let mut skipped = from.chars();
                    if skipped.next().is_none() {
                        return false;
                    }
                    retry = Some((run, skipped.as_str()));
                    token = run + 1;
                    left = skipped.as_str();
                }
            }
        }
    }
}

fn class(text: &[char]) -> Option<(Token, usize)> {
    let negated = matches!(text.first(), Some('^' | '!'));
    let mut at = usize::from(negated);
    let mut ranges = Vec::new();
    loop {
        let low = *text.get(at)?;
        if low == ']' && !ranges.is_empty() {
            return Some((Token::Class { negated, ranges }, at + 1));
        }
        let high = match (text.get(at + 1), text.get(at + 2)) {
            (Some('-'), Some(&high)) if high != ']' => {
                at += 2;
                high
            }
            _ => low,
        };
        ranges.push((low.min(high), low.max(high)));
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn globs_match_what_redis_users_expect() {
        for (pattern, key, expected) in [
            ("property:*", "property:1", true),
            ("property:*", "property:", true),
            ("property:*", "properties:1", false),
            ("*", "", true),
            ("*:12", "a:b:12", true),
            ("*:12", "a:b:123", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("h?llo", "hällo", true),
            ("h?llo", "hllo", false),
            ("h[a-e]llo", "hello", true),
            ("h[^a-e]llo", "hello", false),
            ("h[]]x", "h]x", true),
            ("h\\*llo", "h*llo", true),
            ("h\\*llo", "hello", false),
            ("open[", "open[", true),
            ("caf\u{65}\u{301}*", "caf\u{e9}:1", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(key), expected, "{pattern} against {key}");
        }
    }
}
