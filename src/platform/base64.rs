use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::key::Secret;

/// The bytes that base64 stands for, in one buffer; `None` where it is none.
pub(super) fn decoded(digits: &[u8]) -> Option<Secret> {
    let room = BASE64.decode_len(digits.len()).ok()?;
    let mut bytes = Zeroizing::new(vec![0; room]);
    let length = BASE64.decode_mut(digits, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(Secret::new(std::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_bytes_exactly() {
        let bytes = |text: &str| decoded(text.as_bytes()).map(|found| found.expose().to_vec());
        assert_eq!(bytes("a2V5/wo="), Some(b"key\xff\n".to_vec()));
        assert_eq!(bytes(""), Some(Vec::new()));
        for broken in ["a", "a2V5/wo", "a2V5_wo=", "a2V5 wo="] {
            assert_eq!(bytes(broken), None, "{broken}");
        }
    }
}
