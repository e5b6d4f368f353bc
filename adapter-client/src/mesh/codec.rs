//! Requests that are encoded once, however often they are sent, and answers that
//! know their size on the wire.

use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// The codec of one call.
pub(super) struct EncodedOnce<Rsp>(PhantomData<fn() -> Rsp>);

/// Writes a message that is encoded already.
pub(super) struct Encoded;

/// Reads a message and its size.
pub(super) struct WithSize<Rsp>(PhantomData<fn() -> Rsp>);

impl<Rsp> Default for EncodedOnce<Rsp> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Rsp: Message + Default + 'static> Codec for EncodedOnce<Rsp> {
    type Encode = Bytes;
    type Decode = (Rsp, usize);
    type Encoder = Encoded;
    type Decoder = WithSize<Rsp>;

    fn encoder(&mut self) -> Encoded {
        Encoded
    }

    fn decoder(&mut self) -> WithSize<Rsp> {
        WithSize(PhantomData)
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl<Rsp: Message + Default> Decoder for WithSize<Rsp> {
    type Item = (Rsp, usize);
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<(Rsp, usize)>, Status> {
        let size = buffer.remaining();
        let message = Rsp::decode(buffer).map_err(mortise_proto::error::malformed)?;
        Ok(Some((message, size)))
    }
}
