//! One body as a frame of zstd, alone or as the difference to another.

use crate::encoding::corrupt_row;
use bytes::Bytes;
use mortise_proto::StoreError;
use zstd::zstd_safe::{CCtx, CParameter, DCtx, SafeResult, compress_bound, get_error_name};

/// zstd's own default: the levels below save little time, those above little space.
const LEVEL: i32 = 3;

/// zstd takes no smaller window.
const WINDOW_MIN: u32 = 10;

/// From this window on, repetitions are looked for at long distances as well: the ordinary
/// tables are too small for them.
const LONG_DISTANCE_WINDOW: u32 = 18;

/// What a stored body may be unpacked to: more than any message holds. A damaged row must
/// not take all memory.
const FULL_SIZE_MAX: usize = 256 * 1024 * 1024;

type Packing<T> = Result<T, &'static str>;

/// Packs a body. The frame has a checksum: with another base it is not unpacked.
pub(super) fn pack(body: &[u8], base: Option<&[u8]>) -> Packing<Vec<u8>> {
    // The window has to hold the base and the body.
    let span = body.len() + base.map_or(0, <[u8]>::len);
    let window = span.next_power_of_two().ilog2().max(WINDOW_MIN);
    let is_long = window >= LONG_DISTANCE_WINDOW;
    let mut context = CCtx::create();
    for parameter in [
        CParameter::CompressionLevel(LEVEL),
        CParameter::ChecksumFlag(true),
        CParameter::WindowLog(window),
        CParameter::EnableLongDistanceMatching(is_long),
    ] {
        done(context.set_parameter(parameter))?;
    }
    if let Some(base) = base {
        done(context.ref_prefix(base))?;
    }
    let mut frame = Vec::with_capacity(compress_bound(body.len()));
    done(context.compress2(&mut frame, body))?;
    frame.shrink_to_fit();
    Ok(frame)
}

/// Unpacks a frame of a body of `full_size` bytes.
pub(super) fn unpack(
    frame: &[u8],
    base: Option<&[u8]>,
    full_size: usize,
) -> Result<Bytes, StoreError> {
    if full_size > FULL_SIZE_MAX {
        return Err(corrupt_row("full_size of an event is too large"));
    }
    let body = unpack_frame(frame, base, full_size);
    let body = body.map_err(|fault| corrupt_row(&format!("body of an event: {fault}")))?;
    if body.len() != full_size {
        return Err(corrupt_row("body of an event has another size"));
    }
    Ok(body.into())
}

fn unpack_frame(frame: &[u8], base: Option<&[u8]>, full_size: usize) -> Packing<Vec<u8>> {
    let mut context = DCtx::create();
    if let Some(base) = base {
        done(context.ref_prefix(base))?;
    }
    let mut body = Vec::with_capacity(full_size);
    done(context.decompress(&mut body, frame))?;
    Ok(body)
}

fn done(result: SafeResult) -> Packing<()> {
    result.map(drop).map_err(get_error_name)
}
