use ring::hmac;

/// `v1=` and the HMAC-SHA256 of the time, a dot and the body, in hex.
pub(super) fn signature(secret: &[u8], time: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    context.update(time.as_bytes());
    context.update(b".");
    context.update(body);
    format!("v1={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hmac_of_rfc_4231() {
        // Test case 2, whose text holds a dot in no place, checks the primitive; the second line was
        // made with `hmac.new(b"Jefe", b"1764000000.{}", "sha256")` of Python.
        let plain = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, b"Jefe"),
            b"what do ya want for nothing?",
        );
        assert_eq!(
            hex::encode(plain),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            signature(b"Jefe", "1764000000", b"{}"),
            "v1=272eda281397a59d6671b5736ab9abf8a3d25187c1873197c269489f5e432ed4"
        );
    }
}
