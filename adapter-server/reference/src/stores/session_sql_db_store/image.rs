//! A database as it is stored: the bytes of its file, in chunks. Images do not change,
//! and one shares the chunks that it has in common with the one before.

use crate::stores::session_sql_db_store::limits::PAGE_BYTES;
use bytes::Bytes;
use std::io::{self, Read};

/// The size of every chunk but the last. A change writes at least the chunk with the
/// header and the one with the row, so it is small; what is stored is limited to as
/// many chunks as are read without effort.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

/// A database. Empty when nothing was ever put in.
#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    chunks: Vec<Bytes>,
    bytes: usize,
}

/// An image that follows from another.
#[derive(Debug)]
pub(super) struct Revision {
    pub(super) image: Image,
    /// The positions of chunks that are new or differ.
    pub(super) changed: Vec<usize>,
}

// === impl Image ===

impl Image {
    pub(super) fn of_chunks(chunks: Vec<Bytes>) -> Self {
        Self {
            bytes: chunks.iter().map(Bytes::len).sum(),
            chunks,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn pages(&self) -> usize {
        self.bytes / PAGE_BYTES
    }

    pub(super) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    pub(super) fn chunk(&self, position: usize) -> &[u8] {
        self.chunks.get(position).map_or(&[], |chunk| chunk)
    }

    /// A chunk without copying it.
    pub(super) fn shared_chunk(&self, position: usize) -> Option<Bytes> {
        self.chunks.get(position).cloned()
    }

    pub(super) fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    pub(super) fn reader(&self) -> impl Read {
        Reader {
            chunks: self.chunks.iter(),
            rest: &[],
        }
    }

    /// The image of so many bytes that differs from this one in these chunks. `None` if
    /// they do not make one.
    pub(super) fn with(&self, bytes: usize, changed: Vec<(usize, Bytes)>) -> Option<Revision> {
        let count = bytes.div_ceil(CHUNK_BYTES);
        let mut chunks = self.chunks.clone();
        chunks.resize(count, Bytes::new());
        let mut positions = Vec::with_capacity(changed.len());
        for (position, chunk) in changed {
            *chunks.get_mut(position)? = chunk;
            positions.push(position);
        }
        let expected = |position: usize| (bytes - position * CHUNK_BYTES).min(CHUNK_BYTES);
        let mut sizes = chunks.iter().map(Bytes::len).enumerate();
        sizes
            .all(|(position, size)| size == expected(position))
            .then(|| Revision {
                image: Self::of_chunks(chunks),
                changed: positions,
            })
    }

    /// The image of a later content.
    pub(super) fn revised(&self, content: &[u8]) -> Revision {
        let mut changed = Vec::new();
        let mut chunks = Vec::with_capacity(content.len().div_ceil(CHUNK_BYTES));
        for (position, chunk) in content.chunks(CHUNK_BYTES).enumerate() {
            match self.chunks.get(position) {
                Some(known) if *known == chunk => chunks.push(known.clone()),
                Some(_) | None => {
                    changed.push(position);
                    chunks.push(Bytes::copy_from_slice(chunk));
                }
            }
        }
        Revision {
            image: Self::of_chunks(chunks),
            changed,
        }
    }
}

// === impl Revision ===

impl Revision {
    /// Whether nothing changed.
    pub(super) fn is_same(&self, before: &Image) -> bool {
        self.changed.is_empty() && self.image.bytes == before.bytes
    }
}

/// Reads an image from its first byte to its last.
struct Reader<'a> {
    chunks: std::slice::Iter<'a, Bytes>,
    rest: &'a [u8],
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.chunks.next() {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        self.rest.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn content(image: &Image) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.reader().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// An image reads as what it was made of, and knows which chunks are new: at its
    /// ends, where it grew or shrank, and in between.
    #[test]
    fn a_revision_knows_what_changed() {
        let mut bytes = vec![1; 3 * CHUNK_BYTES + 5];
        let first = Image::default().revised(&bytes);
        assert_eq!(first.changed, [0, 1, 2, 3]);
        assert_eq!(content(&first.image), bytes);
        assert!(first.image.revised(&bytes).changed.is_empty());

        bytes[CHUNK_BYTES] = 2;
        bytes.push(3);
        let second = first.image.revised(&bytes);
        assert_eq!(second.changed, [1, 3]);
        assert_eq!(content(&second.image), bytes);
        assert_eq!(content(&first.image).len(), 3 * CHUNK_BYTES + 5);

        bytes.truncate(2 * CHUNK_BYTES);
        let third = second.image.revised(&bytes);
        assert!(third.changed.is_empty());
        assert_eq!(third.image.chunk_count(), 2);
        assert_eq!(content(&third.image), bytes);
        assert!(content(&third.image.revised(&[]).image).is_empty());
    }

    /// A revision that is sent as the chunks that differ is the same one; chunks that do
    /// not make an image make none.
    #[test]
    fn a_revision_is_made_of_its_chunks() {
        let long = Image::default()
            .revised(&vec![1; 3 * CHUNK_BYTES + 5])
            .image;
        let short = Image::default().revised(&vec![2; CHUNK_BYTES + 1]).image;
        for (before, after) in [(&long, &short), (&short, &long), (&long, &Image::default())] {
            let made = before.revised(&content(after));
            let sent = made
                .changed
                .iter()
                .map(|at| (*at, after.shared_chunk(*at).unwrap()));
            let again = before.with(after.bytes(), sent.collect()).unwrap();
            assert_eq!(content(&again.image), content(after));
            assert_eq!(again.changed, made.changed);
        }
        assert!(short.with(long.bytes(), Vec::new()).is_none());
        assert!(short.with(1, vec![(1, Bytes::from_static(b"x"))]).is_none());
    }
}
