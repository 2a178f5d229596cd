//! Images: made from a text, or from other images (OpenAI API reference, images).

use super::form::{self, FormField};
use super::{CREATED, check_model, event, forced_refusal, invalid, model, others};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::BilledTokens;
use crate::play::Script;
use crate::tokens;
use serde_json::{Value, json};

/// An image of one grey pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";
/// What an image costs.
const PICTURE: u64 = 272;
/// The fields of an edit's form.
const EDIT: [&str; 18] = [
    "image",
    "image[]",
    "mask",
    "prompt",
    "model",
    "n",
    "size",
    "quality",
    "response_format",
    "user",
    "background",
    "input_fidelity",
    "output_format",
    "output_compression",
    "partial_images",
    "stream",
    "moderation",
    "style",
];
/// Those of a variation's.
const VARIATION: [&str; 6] = ["image", "model", "n", "size", "response_format", "user"];

/// What is to be made.
struct SimImageRequest {
    model: String,
    prompt: String,
    /// How many images came along, the mask among them.
    images: u64,
    n: u64,
    response_format: Option<String>,
}

/// `POST /v1/images/generations`.
pub(super) fn generate_images(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    read_wish(call, 0)?.plan()
}

/// `POST /v1/images/edits`: a form, or JSON.
pub(super) fn edit_images(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    if call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return edited_json(call);
    }
    let form = Form::read(call, &EDIT)?;
    let (one, many) = (form.all("image"), form.all("image[]"));
    // OpenAI tells one image from several by the brackets in the field's name.
    if one.len() > 1 {
        return Err(invalid("image", "Duplicate parameter: 'image'. Use the array syntax: 'image[]'."));
    }
    let images: Vec<&FormField> = one.into_iter().chain(many).collect();
    if images.is_empty() || images.len() > 16 {
        return Err(invalid("image", format!("Expected 1 to 16 images, got {}.", images.len())));
    }
    let masks = form.all("mask");
    let gpt = form.model.starts_with("gpt-image");
    for file in images.iter().chain(&masks) {
        check(file, gpt)?;
    }
    let wish = form.wish(form.prompt()?, (images.len() + masks.len()) as u64)?;
    match form.text("stream").as_deref() {
        Some("true") if gpt => Ok(wish.plan_stream("image_edit")),
        Some("true" | "false") | None => wish.plan(),
        Some(other) => Err(invalid("stream", format!("Invalid value: '{other}'."))),
    }
}

fn edited_json(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let images = call.json["images"].as_array().filter(|images| (1..=16).contains(&images.len()));
    let images = images.ok_or_else(|| invalid("images", "Invalid 'images': expected 1 to 16."))?;
    for image in images.iter().chain(call.json.get("mask")) {
        if image["file_id"].is_string() == image["image_url"].is_string() {
            return Err(invalid("images", "Expected exactly one of 'file_id' and 'image_url'."));
        }
    }
    let mask = u64::from(call.json["mask"].is_object());
    let wish = read_wish(call, images.len() as u64 + mask)?;
    if call.json["stream"] == true { Ok(wish.plan_stream("image_edit")) } else { wish.plan() }
}

/// `POST /v1/images/variations`, of one image by the only model that has them.
pub(super) fn vary_image(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let form = Form::read(call, &VARIATION)?;
    if form.model != "dall-e-2" {
        return Err(invalid("model", format!("Invalid value: '{}'. Only 'dall-e-2' is supported.", form.model)));
    }
    match form.all("image").as_slice() {
        [file] => check(file, false)?,
        other => return Err(invalid("image", format!("Expected 1 image, got {}.", other.len()))),
    }
    form.wish(String::new(), 1)?.plan()
}

/// An image must be a file of a type that the model reads, and begin like one.
fn check(file: &FormField, gpt: bool) -> Result<(), SimRefusal> {
    let kind = file.content_type.as_deref().unwrap_or_default();
    let begins = |start: &[u8]| file.value.starts_with(start);
    let right = match kind {
        "image/png" => begins(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" if gpt => begins(b"\xff\xd8\xff"),
        "image/webp" if gpt => begins(b"RIFF"),
        _ => false,
    };
    if file.filename.is_some() && right {
        return Ok(());
    }
    let message = format!("Invalid image file or mode for image: unsupported mimetype ('{kind}') or content.");
    Err(invalid(&file.name, message))
}

/// The wish of a JSON body.
fn read_wish(call: &SimRequest<'_>, images: u64) -> Result<SimImageRequest, SimRefusal> {
    let model = model(call)?;
    let prompt = call.json["prompt"].as_str().filter(|prompt| !prompt.is_empty());
    let prompt = prompt.ok_or_else(|| invalid("prompt", "Missing required parameter: 'prompt'."))?.to_owned();
    let n = call.json["n"].as_u64().unwrap_or(1);
    let response_format = call.json["response_format"].as_str().map(str::to_owned);
    Ok(SimImageRequest { model, prompt, images, n, response_format })
}

/// A form whose fields are all known.
struct Form {
    model: String,
    fields: Vec<FormField>,
}

impl Form {
    fn read(call: &SimRequest<'_>, known_fields: &[&str]) -> Result<Self, SimRefusal> {
        let fields = form::read(call).ok_or_else(|| invalid("image", "Could not parse multipart form"))?;
        if let Some(field) = fields.iter().find(|field| !known_fields.contains(&field.name.as_str())) {
            return Err(invalid(&field.name, format!("Unknown parameter: '{}'.", field.name)));
        }
        let form = Self { model: String::new(), fields };
        let model = form.text("model").ok_or_else(|| invalid("model", "you must provide a model parameter"))?;
        check_model(call, &model)?;
        Ok(Self { model, ..form })
    }

    fn all(&self, name: &str) -> Vec<&FormField> {
        self.fields.iter().filter(|field| field.name == name).collect()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.fields.iter().find(|field| field.name == name).map(FormField::text)
    }

    fn prompt(&self) -> Result<String, SimRefusal> {
        let prompt = self.text("prompt").filter(|prompt| !prompt.is_empty());
        prompt.ok_or_else(|| invalid("prompt", "Missing required parameter: 'prompt'."))
    }

    fn wish(&self, prompt: String, images: u64) -> Result<SimImageRequest, SimRefusal> {
        let n = self.text("n").map(|n| n.parse().map_err(|_| invalid("n", format!("Invalid 'n': '{n}'."))));
        let n = n.transpose()?.unwrap_or(1);
        Ok(SimImageRequest {
            model: self.model.clone(),
            prompt,
            images,
            n,
            response_format: self.text("response_format"),
        })
    }
}

impl SimImageRequest {
    fn plan(self) -> Result<SimPlan, SimRefusal> {
        let gpt = self.model.starts_with("gpt-image");
        // GPT image models always reply with base64; DALL-E has a choice.
        if gpt && self.response_format.is_some() {
            return Err(invalid("response_format", "Unknown parameter: 'response_format'."));
        }
        let encoded = match self.response_format.as_deref() {
            None if !gpt => json!({ "url": "https://images.example/sim.png", "revised_prompt": self.prompt }),
            Some("url") => json!({ "url": "https://images.example/sim.png", "revised_prompt": self.prompt }),
            _ => json!({ "b64_json": PIXEL }),
        };
        // Ten are the most that the vendor makes at once.
        let images = vec![encoded; usize::try_from(self.n).unwrap_or(1).min(10)];
        let mut body = json!({ "created": CREATED, "data": images });
        let mut billed = BilledTokens::default();
        if gpt {
            billed = self.bill_request();
            body["usage"] = self.usage();
        }
        Ok(others::plan_json(&body, billed))
    }

    /// One partial image, then the image itself. The stream ends without a sign.
    fn plan_stream(&self, endpoint: &str) -> SimPlan {
        let partial = json!({
            "type": format!("{endpoint}.partial_image"),
            "created_at": CREATED,
            "partial_image_index": 0,
            "b64_json": PIXEL,
        });
        let completed = json!({
            "type": format!("{endpoint}.completed"),
            "created_at": CREATED,
            "b64_json": PIXEL,
            "usage": self.usage(),
        });
        let script = Script {
            content_type: "text/event-stream",
            before: vec![event(&partial)],
            pieces: vec![(event(&completed), PICTURE)],
            reasoning: 0,
            after: Vec::new(),
            error: event(&super::error_json(&forced_refusal(500))),
            garbage: "data: {\"type\": oops\n\n".into(),
        };
        // The output is billed with the piece that carries it.
        SimPlan::Stream { script, billed: BilledTokens { output: 0, ..self.bill_request() } }
    }

    fn bill_request(&self) -> BilledTokens {
        let input = tokens::count(&self.prompt) + PICTURE * self.images;
        BilledTokens { input, output: PICTURE * self.n, ..BilledTokens::default() }
    }

    fn usage(&self) -> Value {
        let BilledTokens { input, output, .. } = self.bill_request();
        let images = PICTURE * self.images;
        json!({
            "input_tokens": input,
            "input_tokens_details": { "text_tokens": input - images, "image_tokens": images },
            "output_tokens": output,
            "total_tokens": input + output,
        })
    }
}
