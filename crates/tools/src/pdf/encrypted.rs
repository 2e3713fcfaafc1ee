//! Whether a PDF is encrypted, found out before it is decrypted.

/// The name in a trailer that a reader decrypts for.
const NAME: &[u8] = b"Encrypt";

/// Whether a file has the name `/Encrypt`, with any of its characters written as `#` and two digits. A
/// trailer is never packed and never encrypted, so an encrypted file has it for everybody to read.
pub(super) fn names_it(file: &[u8]) -> bool {
    let begins = file.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    begins.map(|(slash, _)| &file[slash + 1..]).any(is_name)
}

fn is_name(mut rest: &[u8]) -> bool {
    NAME.iter().all(|expected| {
        let (byte, after) = match rest {
            [b'#', high, low, after @ ..] => (hex(*high, *low), after),
            [byte, after @ ..] => (Some(*byte), after),
            [] => return false,
        };
        rest = after;
        byte == Some(*expected)
    })
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}
