//! `[quotas]`.

use baton_admin::Quotas;
use baton_control::ObjectQuotas;
use baton_conversations::{StoredAmount, StoredResponseBounds};
use schemars::JsonSchema;
use serde::Deserialize;

/// What one key may store (or all tokens of one project): above it, the oldest are removed, or more is refused.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QuotasSection {
    /// Responses that Baton stores; the oldest are removed.
    pub responses: u64,
    /// Total size of these responses, in bytes; the oldest are removed.
    pub response_bytes: u64,
    /// Responses at providers whose owner Baton records; the oldest records are removed.
    pub provider_responses: u64,
    /// Files at providers; more are refused.
    pub files: u64,
    /// Batches at providers, for OpenAI's and Anthropic's each; more are refused.
    pub batches: u64,
    /// Feedback within 24 hours; more is refused.
    pub feedback_per_day: u64,
    /// Webhooks of all keys together; more are refused.
    pub webhooks: u64,
}

impl Default for QuotasSection {
    fn default() -> Self {
        let StoredAmount { number, bytes } = StoredResponseBounds::default().quota;
        let ObjectQuotas { files, batches, responses } = ObjectQuotas::default();
        let Quotas { feedback_per_day, webhooks } = Quotas::default();
        let (responses, provider_responses) = (number, responses);
        Self { responses, response_bytes: bytes, provider_responses, files, batches, feedback_per_day, webhooks }
    }
}

impl QuotasSection {
    /// Of the responses that Baton keeps.
    pub fn responses(&self) -> StoredAmount {
        StoredAmount { number: self.responses, bytes: self.response_bytes }
    }

    /// Of what is at providers.
    pub fn objects(&self) -> ObjectQuotas {
        ObjectQuotas { files: self.files, batches: self.batches, responses: self.provider_responses }
    }

    /// Of what is made over the management API.
    pub fn management(&self) -> Quotas {
        Quotas { feedback_per_day: self.feedback_per_day, webhooks: self.webhooks }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_quota_reaches_what_it_bounds() {
        let section: QuotasSection = toml::from_str(
            "responses = 1\nresponse_bytes = 2\nprovider_responses = 3\nfiles = 4\nbatches = 5\nfeedback_per_day = 6\nwebhooks = 7",
        )
        .unwrap();
        assert_eq!(section.responses(), StoredAmount { number: 1, bytes: 2 });
        assert_eq!(section.objects(), ObjectQuotas { responses: 3, files: 4, batches: 5 });
        assert_eq!(section.management(), Quotas { feedback_per_day: 6, webhooks: 7 });
        let default = QuotasSection::default();
        assert_eq!(default.responses(), StoredResponseBounds::default().quota);
        assert_eq!((default.objects(), default.management()), (ObjectQuotas::default(), Quotas::default()));
    }
}
