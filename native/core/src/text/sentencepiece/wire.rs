//! Reads the fields of a protobuf message.

/// The value of one field, by how it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Four([u8; 4]),
    Eight,
}

/// Calls `each` with the number and value of every field of a message; `None` if the bytes are no message, or where
/// `each` refuses.
pub(super) fn fields<'a>(
    mut message: &'a [u8],
    mut each: impl FnMut(u64, Value<'a>) -> Option<()>,
) -> Option<()> {
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut message)?),
            1 => {
                message.split_off(..8)?;
                Value::Eight
            }
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                Value::Bytes(message.split_off(..length)?)
            }
            5 => Value::Four(message.split_off(..4)?.try_into().ok()?),
            _ => return None,
        };
        if tag >> 3 == 0 {
            return None;
        }
        each(tag >> 3, value)?;
    }
    Some(())
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
        let mut found = Vec::new();
        fields(message, |number, value| {
            found.push((number, value));
            Some(())
        })?;
        Some(found)
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        let message =
            b"\x08\xac\x02\x12\x02ab\x1d\x00\x00\x80\x3f\x21\x01\x02\x03\x04\x05\x06\x07\x08";
        let expected = vec![
            (1, Value::Number(300)),
            (2, Value::Bytes(b"ab")),
            (3, Value::Four([0, 0, 0x80, 0x3f])),
            (4, Value::Eight),
        ];
        assert_eq!(read(message), Some(expected));
        for length in [1, 2, 4, 5, 6, 8, 11, message.len() - 1] {
            assert_eq!(read(&message[..length]), None, "{length}");
        }
    }

    #[test]
    fn lengths_and_numbers_that_cannot_be_are_refused() {
        assert_eq!(read(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"), None);
        assert_eq!(read(&[0xff; 12]), None);
        assert_eq!(read(b"\x02\x00"), None);
        assert_eq!(read(b"\x0b\x0c"), None);
    }
}
