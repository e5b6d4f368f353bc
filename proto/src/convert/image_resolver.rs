//! Images as models take them. The base64 text travels apart from its header, in
//! chunks.

use everruns_core::traits::ResolvedImage;

use super::{ConvertError, Result};
use crate::pb;

/// A resolved image for the wire: its header, and its base64 text for the chunks that
/// follow.
#[must_use]
pub fn split(image: ResolvedImage) -> (pb::ResolvedImageHeader, String) {
    let ResolvedImage { base64, media_type } = image;
    (pb::ResolvedImageHeader { media_type }, base64)
}

/// The resolved image of a header and the bytes that followed it.
pub fn join(header: pb::ResolvedImageHeader, base64: Vec<u8>) -> Result<ResolvedImage> {
    let pb::ResolvedImageHeader { media_type } = header;
    let base64 = String::from_utf8(base64).map_err(|fault| {
        let at = fault.utf8_error().valid_up_to();
        ConvertError::new(
            "chunk",
            format!("is not text from byte {at} on; send the image in base64"),
        )
    })?;
    Ok(ResolvedImage { base64, media_type })
}
