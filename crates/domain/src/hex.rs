//! Hashes as text: 64 lower-case hexadecimal digits.

use std::fmt;

pub(crate) fn write(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

pub(crate) fn read(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shown([u8; 32]);

    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(&self.0, f)
        }
    }

    #[test]
    fn what_is_written_reads_back_and_nothing_else_does() {
        let bytes = std::array::from_fn(|n| u8::try_from(n * 8).unwrap());
        let text = Shown(bytes).to_string();
        assert_eq!(read(&text), Some(bytes));
        for other in [&text[1..], &text.to_uppercase(), "", &format!("{text}00")] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(read(&text.replacen('0', "g", 1)), None);
        assert_eq!(read(&"é".repeat(32)), None);
    }
}
