//! The parts of a message; the message itself is in `message_retriever`.

use everruns_core::message::{
    ContentPart, ImageContentPart, ImageFileContentPart, TextContentPart, ToolCallContentPart,
    ToolResultContentPart,
};

use super::{ConvertError, Result, id, json, json_text, optional_json};
use crate::pb;
use crate::pb::content_part::Kind;

// === TextContentPart ===

impl From<TextContentPart> for pb::TextPart {
    fn from(part: TextContentPart) -> Self {
        let TextContentPart { text } = part;
        Self { text }
    }
}

impl TryFrom<pb::TextPart> for TextContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::TextPart) -> Result<Self> {
        Ok(Self { text: wire.text })
    }
}

// === ImageContentPart ===

impl From<ImageContentPart> for pb::ImagePart {
    fn from(part: ImageContentPart) -> Self {
        let ImageContentPart {
            url,
            base64,
            media_type,
        } = part;
        Self {
            url,
            base64,
            media_type,
        }
    }
}

impl TryFrom<pb::ImagePart> for ImageContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::ImagePart) -> Result<Self> {
        Ok(Self {
            url: wire.url,
            base64: wire.base64,
            media_type: wire.media_type,
        })
    }
}

// === ImageFileContentPart ===

impl From<ImageFileContentPart> for pb::ImageFilePart {
    fn from(part: ImageFileContentPart) -> Self {
        let ImageFileContentPart { image_id, filename } = part;
        Self {
            image_id: image_id.to_string(),
            filename,
        }
    }
}

impl TryFrom<pb::ImageFilePart> for ImageFileContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::ImageFilePart) -> Result<Self> {
        Ok(Self {
            image_id: id("image_id", &wire.image_id)?,
            filename: wire.filename,
        })
    }
}

// === ToolCallContentPart ===

impl From<ToolCallContentPart> for pb::ToolCallPart {
    fn from(part: ToolCallContentPart) -> Self {
        let ToolCallContentPart {
            id,
            name,
            arguments,
        } = part;
        Self {
            id,
            name,
            arguments_json: json_text(&arguments),
        }
    }
}

impl TryFrom<pb::ToolCallPart> for ToolCallContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::ToolCallPart) -> Result<Self> {
        Ok(Self {
            id: wire.id,
            name: wire.name,
            arguments: json("arguments_json", &wire.arguments_json)?,
        })
    }
}

// === ToolResultContentPart ===

impl From<ToolResultContentPart> for pb::ToolResultPart {
    fn from(part: ToolResultContentPart) -> Self {
        let ToolResultContentPart {
            tool_call_id,
            result,
            error,
        } = part;
        Self {
            tool_call_id,
            result_json: result.as_ref().map(json_text),
            error,
        }
    }
}

impl TryFrom<pb::ToolResultPart> for ToolResultContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::ToolResultPart) -> Result<Self> {
        Ok(Self {
            tool_call_id: wire.tool_call_id,
            result: optional_json("result_json", wire.result_json.as_deref())?,
            error: wire.error,
        })
    }
}

// === ContentPart ===

impl From<ContentPart> for pb::ContentPart {
    fn from(part: ContentPart) -> Self {
        let kind = match part {
            ContentPart::Text(part) => Kind::Text(part.into()),
            ContentPart::Image(part) => Kind::Image(part.into()),
            ContentPart::ImageFile(part) => Kind::ImageFile(part.into()),
            ContentPart::ToolCall(part) => Kind::ToolCall(part.into()),
            ContentPart::ToolResult(part) => Kind::ToolResult(part.into()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<pb::ContentPart> for ContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::ContentPart) -> Result<Self> {
        let within = |field| move |error: ConvertError| error.within(field);
        match wire.kind {
            Some(Kind::Text(part)) => part.try_into().map(Self::Text).map_err(within("text")),
            Some(Kind::Image(part)) => part.try_into().map(Self::Image).map_err(within("image")),
            Some(Kind::ImageFile(part)) => part
                .try_into()
                .map(Self::ImageFile)
                .map_err(within("image_file")),
            Some(Kind::ToolCall(part)) => part
                .try_into()
                .map(Self::ToolCall)
                .map_err(within("tool_call")),
            Some(Kind::ToolResult(part)) => part
                .try_into()
                .map(Self::ToolResult)
                .map_err(within("tool_result")),
            None => Err(ConvertError::new(
                "kind",
                "is missing; send one of text, image, image_file, tool_call and tool_result",
            )),
        }
    }
}
