//! The protobuf wire format: keys, varints, lengths and skipping, with the same verdicts as prost.

use evald_core::text::simd::quick_text;

/// Nesting that prost allows below the outermost message; deeper input is an error.
pub(super) const DEPTH: u32 = 100;

/// How the bytes break the wire format, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Byte of the request.
    pub offset: usize,
    /// What is wrong, in words.
    pub what: &'static str,
}

/// Result of the cursor.
pub(super) type Read<T> = Result<T, Malformed>;

/// How a field's value is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// A variable-length integer.
    Varint,
    /// Eight bytes.
    Fixed64,
    /// A length and that many bytes.
    Bytes,
    /// Begin of a group.
    StartGroup,
    /// End of a group.
    EndGroup,
    /// Four bytes.
    Fixed32,
}

/// A position in one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// Offset in the request of the first byte after `rest`, so that errors can name a byte.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// At the begin of the outermost message.
    pub fn new(message: &'a [u8]) -> Self {
        Self {
            rest: message,
            end: message.len(),
        }
    }

    /// Offset of the next byte in the outermost message.
    pub fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// An error at the next byte.
    #[cold]
    fn broken(&self, what: &'static str) -> Malformed {
        Malformed {
            offset: self.offset(),
            what,
        }
    }

    /// The next field's number and wire type; `None` at the end of the message.
    #[inline]
    pub fn key(&mut self) -> Read<Option<(u32, Wire)>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let Ok(key) = u32::try_from(key) else {
            return Err(self.broken("a field number above the largest one"));
        };
        let wire = match key & 7 {
            0 => Wire::Varint,
            1 => Wire::Fixed64,
            2 => Wire::Bytes,
            3 => Wire::StartGroup,
            4 => Wire::EndGroup,
            5 => Wire::Fixed32,
            _ => return Err(self.broken("an unknown wire type")),
        };
        if key < 8 {
            return Err(self.broken("the field number 0"));
        }
        Ok(Some((key >> 3, wire)))
    }

    /// The next integer. Overlong forms up to ten bytes are fine, as they are for prost.
    #[inline]
    pub fn varint(&mut self) -> Read<u64> {
        match *self.rest {
            [first, ref rest @ ..] if first < 0x80 => {
                self.rest = rest;
                Ok(u64::from(first))
            }
            [first, second, ref rest @ ..] if second < 0x80 => {
                self.rest = rest;
                Ok(u64::from(first & 0x7f) | u64::from(second) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Read<u64> {
        let mut value = 0;
        for (index, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                // The tenth byte holds the 64th bit only.
                if index == 9 && byte > 1 {
                    break;
                }
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(self.broken("an integer that is cut off or longer than ten bytes"))
    }

    /// The bytes of a length-delimited field.
    #[inline]
    pub fn bytes(&mut self, wire: Wire) -> Read<&'a [u8]> {
        self.expect(wire, Wire::Bytes)?;
        let length = self.varint()?;
        let split = usize::try_from(length).ok();
        match split.and_then(|length| self.rest.split_at_checked(length)) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.broken("a length that passes the end of its message")),
        }
    }

    /// A cursor over the message in a length-delimited field.
    #[inline]
    pub fn message(&mut self, wire: Wire) -> Read<Self> {
        let rest = self.bytes(wire)?;
        Ok(Self {
            rest,
            end: self.offset(),
        })
    }

    /// The text of a length-delimited field; `None` when it is not UTF-8.
    #[inline]
    pub fn text(&mut self, wire: Wire) -> Read<Option<&'a str>> {
        let bytes = self.bytes(wire)?;
        Ok(quick_text(bytes).or_else(|| simdutf8::basic::from_utf8(bytes).ok()))
    }

    /// The number of a fixed 64-bit field.
    #[inline]
    pub fn double(&mut self, wire: Wire) -> Read<f64> {
        self.expect(wire, Wire::Fixed64)?;
        Ok(f64::from_le_bytes(self.fixed()?))
    }

    /// Eight-byte numbers of a packed field.
    #[inline]
    pub fn doubles(&mut self, wire: Wire) -> Read<&'a [[u8; 8]]> {
        let (numbers, tail) = self.bytes(wire)?.as_chunks::<8>();
        if tail.is_empty() {
            Ok(numbers)
        } else {
            Err(self.broken("packed numbers whose length is no multiple of eight"))
        }
    }

    /// The integer of a varint field, cut to 32 bits as protobuf prescribes.
    #[inline]
    pub fn uint32(&mut self, wire: Wire) -> Read<u32> {
        self.expect(wire, Wire::Varint)?;
        Ok(self.varint()? as u32)
    }

    /// The integer of a varint field.
    pub fn uint64(&mut self, wire: Wire) -> Read<u64> {
        self.expect(wire, Wire::Varint)?;
        self.varint()
    }

    /// The truth value of a varint field.
    #[inline]
    pub fn boolean(&mut self, wire: Wire) -> Read<bool> {
        self.expect(wire, Wire::Varint)?;
        Ok(self.varint()? != 0)
    }

    /// Passes over the value of a field. `depth` is the nesting still allowed.
    pub fn skip(&mut self, tag: u32, wire: Wire, depth: u32) -> Read<()> {
        if depth == 0 {
            return Err(self.broken("groups that are nested too deeply"));
        }
        match wire {
            Wire::Varint => self.varint().map(drop),
            Wire::Fixed64 => self.fixed::<8>().map(drop),
            Wire::Fixed32 => self.fixed::<4>().map(drop),
            Wire::Bytes => self.bytes(wire).map(drop),
            Wire::StartGroup => self.skip_group(tag, depth),
            Wire::EndGroup => Err(self.broken("the end of a group that did not begin")),
        }
    }

    fn skip_group(&mut self, tag: u32, depth: u32) -> Read<()> {
        while let Some((inner, wire)) = self.key()? {
            if wire != Wire::EndGroup {
                self.skip(inner, wire, depth - 1)?;
            } else if inner == tag {
                return Ok(());
            } else {
                return Err(self.broken("the end of another group than the one that began"));
            }
        }
        Err(self.broken("a group without an end"))
    }

    #[inline]
    fn expect(&self, found: Wire, expected: Wire) -> Read<()> {
        if found == expected {
            Ok(())
        } else {
            Err(self.broken("a field whose wire type is not the one of the proto file"))
        }
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(*bytes)
            }
            None => Err(self.broken("a number that is cut off")),
        }
    }
}
