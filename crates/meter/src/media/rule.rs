//! Vendors' rules: from pixels, pages and detail to tokens.

use super::{decoded_len, header};
use baton_model::chat::{Document, Image, MediaSource};
use serde::Deserialize;

/// The size of an image of which only the address is known, in pixels: that of most of the recorded ones.
const USUAL: (u64, u64) = (400, 300);
/// The most that one image may count, whatever a header says.
const MOST: u64 = 20_000;

/// How a vendor counts an image. The words of OpenAI's, Anthropic's and Google's documents.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ImageRule {
    /// Scaled into a square of 2048, its shorter side to 768, and cut into tiles of 512 pixels.
    Tiles {
        /// Tokens of every image; all of one at low detail.
        base: u64,
        /// Tokens of each tile.
        tile: u64,
    },
    /// Covered by patches of 32 pixels, scaled down until these are few enough.
    Patches {
        /// The most patches.
        cap: u64,
        /// Tokens for a hundred patches.
        percent: u64,
    },
    /// By area, scaled down to a longest edge and to a most.
    Area {
        /// Pixels of one token.
        pixels: u64,
        /// The longest edge, in pixels.
        edge: u64,
        /// The most tokens.
        cap: u64,
    },
    /// The same number for every image.
    Each {
        /// Tokens.
        tokens: u64,
    },
}

/// How a model's vendor counts images and documents.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaRule {
    image: ImageRule,
    /// Tokens of a page of a document.
    page: u64,
}

impl MediaRule {
    /// Tokens of an image.
    pub(crate) fn image(self, image: &Image) -> u64 {
        let size = match &image.source {
            MediaSource::Base64 { data, .. } => header::size_of_base64(data),
            MediaSource::Url(_) | MediaSource::Text(_) | MediaSource::File { .. } => None,
        };
        self.image.tokens(size.unwrap_or(USUAL), image.detail.as_deref() == Some("low"))
    }

    /// Tokens of an image file.
    pub(crate) fn image_bytes(self, bytes: &[u8]) -> u64 {
        self.image.tokens(header::size(bytes).unwrap_or(USUAL), false)
    }

    /// Tokens of a document but for its [text](super::document_text).
    pub(crate) fn document(self, document: &Document) -> u64 {
        /// Pages of a document of which only the address is known.
        const USUAL_PAGES: u64 = 1;
        /// Bytes of a page of a PDF whose pages can't be told.
        const PAGE_BYTES: u64 = 50_000;
        /// Bytes of a token in a file that is no PDF.
        const TEXT_BYTES: u64 = 5;
        let named = [&document.title, &document.context].into_iter().flatten().map(|text| text.len() as u64 / 4).sum();
        let pages = match &document.source {
            MediaSource::Text(_) => return named,
            MediaSource::Base64 { data, media_type } if !is_pdf(data, media_type) => {
                return named.saturating_add((decoded_len(data) as u64).div_ceil(TEXT_BYTES));
            }
            MediaSource::Base64 { data, .. } => {
                header::pages_of_base64(data).unwrap_or_else(|| (decoded_len(data) as u64).div_ceil(PAGE_BYTES))
            }
            MediaSource::Url(_) | MediaSource::File { .. } => USUAL_PAGES,
        };
        self.page.saturating_mul(pages).saturating_add(named)
    }
}

/// Whether a file is a PDF, by its type or its first bytes (`%PDF`).
fn is_pdf(data: &str, media_type: &str) -> bool {
    media_type == "application/pdf" || data.starts_with("JVBERi")
}

impl ImageRule {
    /// Tokens of an image of that width and height.
    pub(crate) fn tokens(self, (width, height): (u64, u64), low: bool) -> u64 {
        let (width, height) = (width.max(1) as f64, height.max(1) as f64);
        let tokens = match self {
            Self::Tiles { base, .. } if low => base,
            Self::Tiles { base, tile } => base + tile * tiles(width, height),
            // Low detail is an image of 256 patches.
            Self::Patches { cap, percent } => {
                (patches(width, height, if low { cap.min(256) } else { cap }) * percent).div_ceil(100)
            }
            Self::Area { pixels, edge, cap } => {
                let shrink = (edge as f64 / width.max(height)).min(1.0);
                let area = (width * shrink).floor() * (height * shrink).floor();
                ((area / pixels.max(1) as f64).ceil() as u64).clamp(1, cap)
            }
            Self::Each { tokens } => tokens,
        };
        tokens.min(MOST.max(match self {
            Self::Tiles { base, tile } => base + 8 * tile,
            _ => 0,
        }))
    }
}

fn tiles(width: f64, height: f64) -> u64 {
    let shrink = (2048.0 / width.max(height)).min(1.0);
    let (width, height) = (width * shrink, height * shrink);
    // Smaller images are not made larger.
    let shrink = (768.0 / width.min(height)).min(1.0);
    // Rounded, or a side that is 512 but for the last bit would need two tiles.
    let along = |side: f64| ((side * shrink).round() / 512.0).ceil().max(1.0) as u64;
    along(width) * along(height)
}

fn patches(width: f64, height: f64, cap: u64) -> u64 {
    let count = |width: f64, height: f64| ((width / 32.0).ceil() * (height / 32.0).ceil()).max(1.0);
    let whole = count(width, height);
    if whole <= cap as f64 {
        return whole as u64;
    }
    // OpenAI's two steps: an area of that many patches, then whole patches along the sides.
    let shrink = (32.0 * 32.0 * cap as f64 / (width * height)).sqrt();
    let (across, down) = (width * shrink / 32.0, height * shrink / 32.0);
    let shrink = shrink * (across.floor() / across).min(down.floor() / down);
    if shrink <= 0.0 {
        // So narrow that one side has no whole patch.
        return cap;
    }
    (count((width * shrink).floor(), (height * shrink).floor()) as u64).min(cap)
}

#[cfg(test)]
mod tests {
    use super::ImageRule;

    const GPT_4O: ImageRule = ImageRule::Tiles { base: 85, tile: 170 };
    const MINI: ImageRule = ImageRule::Patches { cap: 1536, percent: 162 };
    const CLAUDE: ImageRule = ImageRule::Area { pixels: 750, edge: 1568, cap: 1600 };

    /// The worked examples of the vendors' documents on images.
    #[test]
    fn images_count_as_the_documents_say() {
        for (rule, size, low, tokens) in [
            (GPT_4O, (1024, 1024), false, 765),
            (GPT_4O, (2048, 4096), false, 1105),
            (GPT_4O, (4096, 8192), true, 85),
            (GPT_4O, (100, 100), false, 255),
            (ImageRule::Patches { cap: 1536, percent: 100 }, (1024, 1024), false, 1024),
            (ImageRule::Patches { cap: 1536, percent: 100 }, (1800, 2400), false, 1452),
            (MINI, (32, 32), false, 2),
            (CLAUDE, (200, 200), false, 54),
            (CLAUDE, (1000, 1000), false, 1334),
            (CLAUDE, (1092, 1092), false, 1590),
            (CLAUDE, (8000, 8000), false, 1600),
            (ImageRule::Each { tokens: 258 }, (10, 10), false, 258),
        ] {
            assert_eq!(rule.tokens(size, low), tokens, "{rule:?} of {size:?}");
        }
    }

    #[test]
    fn no_header_makes_a_count_without_bound() {
        for rule in [GPT_4O, MINI, CLAUDE] {
            for size in [(u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX), (0, 0)] {
                assert!((1..=20_000).contains(&rule.tokens(size, false)), "{rule:?} of {size:?}");
            }
        }
    }
}
