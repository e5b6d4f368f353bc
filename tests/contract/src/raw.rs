//! Calls in bytes: of methods chosen at run time, and of messages that no type would make.

use crate::client::{Client, Failed};
use bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Status};

/// Messages as they are on the wire.
#[derive(Debug, Default)]
struct Raw;

/// The first message of the answer to one message, whatever streams; empty if there is none.
pub(crate) async fn call(client: &Client, path: String, message: Bytes) -> Result<Bytes, Failed> {
    let path = PathAndQuery::try_from(path)
        .map_err(|fault| Status::new(Code::Internal, fault.to_string()))?;
    let work = async {
        let mut grpc = client.ready().await?;
        let request = client.request(message);
        let mut answers = grpc
            .server_streaming(request, path, Raw)
            .await?
            .into_inner();
        Ok::<_, Failed>(answers.message().await?.unwrap_or_default())
    };
    let answer = tokio::time::timeout(client.patience, work).await;
    answer.unwrap_or_else(|_| Err(crate::client::too_late(client.patience).into()))
}

/// A field that no version of the contract knows, so long that a message grows by `bytes`;
/// more than 16.
pub(crate) fn unknown_field(bytes: usize) -> Vec<u8> {
    // The key of field 536870911 with a length, and the length in five bytes.
    let mut field = vec![0xfa, 0xff, 0xff, 0xff, 0x0f];
    let mut left = bytes.saturating_sub(field.len() + 5);
    let padded = left;
    for index in 0..5 {
        let more = if index < 4 { 0x80 } else { 0 };
        field.push(u8::try_from(left & 0x7f).unwrap_or_default() | more);
        left >>= 7;
    }
    field.resize(field.len() + padded, b'x');
    field
}

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
