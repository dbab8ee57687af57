//! Messages between `prof` and a worker, in both directions: a line `KIND number ... / length ...` in ASCII,
//! then as many texts as there are lengths. The [parent module](super) lists the kinds.
//!
//! A worker runs the user's code, which may write into its channel what it likes: lengths are bounded, and
//! what is no message is an error.

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::timeit) struct Message {
    /// A word.
    pub(in crate::timeit) kind: String,
    /// Integers; what each means follows from the kind.
    pub(in crate::timeit) numbers: Vec<i64>,
    /// Texts, in UTF-8 where the worker's Python knows it.
    pub(in crate::timeit) texts: Vec<Vec<u8>>,
}

/// What was heard is no message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::timeit) enum Error {
    /// The head is longer than any that a worker sends.
    #[error("a message whose head is longer than {HEAD_LIMIT} bytes")]
    Head,
    /// The texts claim to be longer than any that a worker sends.
    #[error("a message that claims to be longer than {TEXT_LIMIT} bytes")]
    Texts,
    /// The head has another form.
    #[error("`{0}`")]
    Form(String),
}

const HEAD_LIMIT: usize = 16 << 20;
const TEXT_LIMIT: usize = 16 << 20;

impl Message {
    pub(in crate::timeit) fn new(kind: &str, numbers: Vec<i64>, texts: &[&str]) -> Message {
        Message {
            kind: kind.to_owned(),
            numbers,
            texts: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
        }
    }

    pub(in crate::timeit) fn encode(&self) -> Vec<u8> {
        let mut head = self.kind.clone();
        for number in &self.numbers {
            head.push_str(&format!(" {number}"));
        }
        head.push_str(" /");
        for text in &self.texts {
            head.push_str(&format!(" {}", text.len()));
        }
        head.push('\n');
        let mut bytes = head.into_bytes();
        self.texts.iter().for_each(|text| bytes.extend_from_slice(text));
        bytes
    }

    /// A number by its place; 0 where there is none.
    pub(in crate::timeit) fn number(&self, place: usize) -> i64 {
        self.numbers.get(place).copied().unwrap_or(0)
    }

    /// A number that counts something: never below 0.
    pub(in crate::timeit) fn count(&self, place: usize) -> u64 {
        u64::try_from(self.number(place)).unwrap_or(0)
    }

    /// A text by its place; empty where there is none.
    pub(in crate::timeit) fn text(&self, place: usize) -> String {
        self.texts
            .get(place)
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .unwrap_or_default()
    }
}

/// Cuts what is heard, in pieces of any size, into messages.
#[derive(Debug, Default)]
pub(in crate::timeit) struct Reader {
    data: Vec<u8>,
    /// A head that was complete, while its texts are not.
    head: Option<(Message, Vec<usize>)>,
}

impl Reader {
    pub(in crate::timeit) fn feed(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
    }

    /// The next message, if it is complete.
    pub(in crate::timeit) fn next(&mut self) -> Result<Option<Message>, Error> {
        if self.head.is_none() {
            let Some(end) = self.data.iter().position(|&byte| byte == b'\n') else {
                return if self.data.len() > HEAD_LIMIT {
                    Err(Error::Head)
                } else {
                    Ok(None)
                };
            };
            let line: Vec<u8> = self.data.drain(..=end).collect();
            self.head = Some(parse_head(&line[..end])?);
        }
        match self.head.take() {
            Some((mut message, lengths)) if self.data.len() >= lengths.iter().sum() => {
                for length in lengths {
                    message.texts.push(self.data.drain(..length).collect());
                }
                Ok(Some(message))
            }
            head => {
                self.head = head;
                Ok(None)
            }
        }
    }
}

fn parse_head(line: &[u8]) -> Result<(Message, Vec<usize>), Error> {
    let form = || {
        let start = &line[..line.len().min(80)];
        Error::Form(String::from_utf8_lossy(start).into_owned())
    };
    let text = std::str::from_utf8(line).map_err(|_| form())?;
    let (head, lengths) = text.split_once('/').ok_or_else(form)?;
    let mut words = head.split_ascii_whitespace();
    let kind = words.next().ok_or_else(form)?.to_owned();
    let numbers = words
        .map(|word| word.parse().map_err(|_| form()))
        .collect::<Result<_, _>>()?;
    let lengths: Vec<usize> = lengths
        .split_ascii_whitespace()
        .map(|word| word.parse().map_err(|_| form()))
        .collect::<Result<_, _>>()?;
    let total = lengths
        .iter()
        .try_fold(0_usize, |sum, &length| sum.checked_add(length));
    if total.is_none_or(|total| total > TEXT_LIMIT) {
        return Err(Error::Texts);
    }
    let message = Message {
        kind,
        numbers,
        texts: Vec::new(),
    };
    Ok((message, lengths))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<Message>, Error> {
        let mut reader = Reader::default();
        let mut messages = Vec::new();
        for piece in pieces {
            reader.feed(piece);
            while let Some(message) = reader.next()? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    fn check(bytes: &[u8], expected: Result<&[Message], Error>) {
        assert_eq!(read(&[bytes]), expected.map(<[Message]>::to_vec));
    }

    #[test]
    fn messages_are_read() {
        check(b"ready /\n", Ok(&[Message::new("ready", vec![], &[])]));
        let grown = Message::new("grown", vec![0, -1, 7], &["a\nb", ""]);
        check(b"grown 0 -1 7 / 3 0\na\nb", Ok(std::slice::from_ref(&grown)));
        check(
            b"grown 0 -1 7 / 3 0\na\nbready /\nrows 1",
            Ok(&[grown, Message::new("ready", vec![], &[])]),
        );
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        check(b"hello world\n", Err(Error::Form("hello world".into())));
        check(b"rows 1 x /\n", Err(Error::Form("rows 1 x /".into())));
        check(b"/ 1\n", Err(Error::Form("/ 1".into())));
        check(b"rows / 99999999999\n", Err(Error::Texts));
        check(
            b"rows / 18446744073709551615 18446744073709551615\n",
            Err(Error::Texts),
        );
        check(&vec![b'a'; HEAD_LIMIT + 1], Err(Error::Head));
    }

    proptest! {
        #[test]
        fn any_bytes_are_messages_or_an_error(bytes: Vec<u8>) {
            let _ = read(&[&bytes]);
        }

        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            numbers: Vec<i64>,
            texts in prop::collection::vec(any::<Vec<u8>>(), 0..4),
            cut: prop::sample::Index,
        ) {
            let message = Message { kind: "rows".into(), numbers, texts };
            let bytes = message.encode();
            let (left, right) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(read(&[left, right]), Ok(vec![message]));
        }
    }
}
