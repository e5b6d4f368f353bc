//! Reports on what fills a model's context.

use everruns_core::context_report::{
    ContextReportContribution, ContextReportSection, SessionContextReport,
};

use crate::convert::{ConvertError, Result, list, optional_nested, to_list};
use crate::pb;

// === ContextReportSection ===

impl From<ContextReportSection> for pb::ContextReportSection {
    fn from(section: ContextReportSection) -> Self {
        let ContextReportSection {
            key,
            label,
            tokens,
            items,
        } = section;
        Self {
            key,
            label,
            tokens,
            items,
        }
    }
}

impl TryFrom<pb::ContextReportSection> for ContextReportSection {
    type Error = ConvertError;

    fn try_from(wire: pb::ContextReportSection) -> Result<Self> {
        Ok(Self {
            key: wire.key,
            label: wire.label,
            tokens: wire.tokens,
            items: wire.items,
        })
    }
}

// === ContextReportContribution ===

impl From<ContextReportContribution> for pb::ContextReportContribution {
    fn from(contribution: ContextReportContribution) -> Self {
        let ContextReportContribution {
            section_key,
            source_id,
            label,
            tokens,
        } = contribution;
        Self {
            section_key,
            source_id,
            label,
            tokens,
        }
    }
}

impl TryFrom<pb::ContextReportContribution> for ContextReportContribution {
    type Error = ConvertError;

    fn try_from(wire: pb::ContextReportContribution) -> Result<Self> {
        Ok(Self {
            section_key: wire.section_key,
            source_id: wire.source_id,
            label: wire.label,
            tokens: wire.tokens,
        })
    }
}

// === SessionContextReport ===

impl From<SessionContextReport> for pb::SessionContextReport {
    fn from(report: SessionContextReport) -> Self {
        let SessionContextReport {
            session_id,
            model,
            context_window_tokens,
            estimated_input_tokens,
            sections,
            contributions,
            cumulative_usage,
        } = report;
        Self {
            session_id,
            model,
            context_window_tokens,
            estimated_input_tokens,
            sections: to_list(sections),
            contributions: to_list(contributions),
            cumulative_usage: cumulative_usage.map(Into::into),
        }
    }
}

impl TryFrom<pb::SessionContextReport> for SessionContextReport {
    type Error = ConvertError;

    fn try_from(wire: pb::SessionContextReport) -> Result<Self> {
        Ok(Self {
            session_id: wire.session_id,
            model: wire.model,
            context_window_tokens: wire.context_window_tokens,
            estimated_input_tokens: wire.estimated_input_tokens,
            sections: list("sections", wire.sections)?,
            contributions: list("contributions", wire.contributions)?,
            cumulative_usage: optional_nested("cumulative_usage", wire.cumulative_usage)?,
        })
    }
}
