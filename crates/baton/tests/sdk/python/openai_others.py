"""What the OpenAI SDK has beside chats: lists, pictures, sound, moderations, files and batches."""

import io
import json

import openai
from harness import BASE_URL, KEY, VENDORS, check, png, raised, run, same

client = openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key=KEY, max_retries=0, timeout=60)
HEARD = "The quick brown fox jumps over the lazy dog."


@check()
def models(vendor, mark):
    plain = VENDORS[vendor]["plain"]
    same(plain in [model.id for model in client.models.list()], True)
    same((client.models.retrieve(plain).id, client.models.retrieve(plain).object), (plain, "model"))
    raised(openai.NotFoundError, 404, lambda: client.models.retrieve("nobody"), "unknown model")


def picture(name):
    file = io.BytesIO(png(7))
    file.name = name
    return file


@check("openai")
def pictures(vendor, mark):
    made = client.images.generate(model="paint", prompt=mark, n=2)
    same([bool(image.b64_json) for image in made.data], [True, True])
    same((made.usage.output_tokens, made.usage.total_tokens - made.usage.input_tokens), (544, 544))
    one = client.images.edit(model="paint", image=picture("a.png"), prompt=mark)
    same((len(one.data), one.usage.input_tokens_details.image_tokens), (1, 272))
    several = client.images.edit(
        model="paint", image=[picture("a.png"), picture("b.png")], mask=picture("c.png"), prompt=mark)
    same(several.usage.input_tokens_details.image_tokens, 3 * 272)
    same([image.url for image in client.images.create_variation(model="vary", image=picture("a.png"), n=2).data],
         ["https://images.example/sim.png"] * 2)
    none = raised(openai.BadRequestError, 400, lambda: client.images.edit(model="gpt", image=picture("a.png"), prompt="x"))
    same("IMAGE_EDIT" in none.message, True, none.message)


@check("openai")
def streamed_pictures(vendor, mark):
    events = list(client.images.edit(model="paint", image=picture("a.png"), prompt=mark, stream=True, partial_images=1))
    same([event.type for event in events], ["image_edit.partial_image", "image_edit.completed"])
    same((bool(events[-1].b64_json), events[-1].usage.output_tokens), (True, 272))


def sound():
    return ("a.wav", b"RIFF" + bytes(2_996), "audio/wav")


@check("openai")
def transcriptions(vendor, mark):
    hear = client.audio.transcriptions.create
    whole = hear(model="listen", file=sound())
    same((whole.text, whole.usage.seconds), (HEARD, 3))
    same(hear(model="listen", file=sound(), response_format="text"), HEARD + "\n")
    same(hear(model="listen", file=sound(), response_format="srt").splitlines()[1:3],
         ["00:00:00,000 --> 00:00:01,000", HEARD])
    same(hear(model="listen", file=sound(), response_format="vtt").splitlines()[0], "WEBVTT")
    verbose = hear(model="listen", file=sound(), response_format="verbose_json", timestamp_granularities=["segment"])
    same((verbose.language, verbose.duration, verbose.segments[0].text), ("english", 3.0, HEARD))
    events = list(hear(model="listen-live", file=sound(), stream=True))
    same("".join(event.delta for event in events[:-1]), HEARD)
    same((events[-1].type, events[-1].text, len(events) > 5), ("transcript.text.done", HEARD, True))


@check("openai")
def speech(vendor, mark):
    asked = dict(model="speak", voice="alloy", input=f"Say {mark}", response_format="wav")
    with client.audio.speech.with_streaming_response.create(**asked) as reply:
        pieces = b"".join(reply.iter_bytes())
        same((reply.headers["content-type"], pieces[:4]), ("audio/wav", b"RIFF"))
    same(client.audio.speech.create(**asked).read(), pieces)


@check("openai")
def moderations(vendor, mark):
    for text, flagged in [(f"peace {mark}", False), (f"I will harm {mark}", True)]:
        judged = client.moderations.create(model="judge", input=text)
        same([result.flagged for result in judged.results], [flagged], text)


@check("openai")
def files_and_batches(vendor, mark):
    body = {"model": "gpt", "messages": [{"role": "user", "content": mark}]}
    line = json.dumps({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body})
    file = client.files.create(file=("in.jsonl", line.encode()), purpose="batch")
    same(client.files.retrieve(file.id).id, file.id)
    same(file.id in [listed.id for listed in client.files.list()], True)
    sent = json.loads(client.files.content(file.id).text)
    same((sent["custom_id"], sent["body"]["messages"]), ("1", body["messages"]))
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    done = client.batches.retrieve(batch.id)
    same((done.id, done.status), (batch.id, "completed"))
    same(batch.id in [listed.id for listed in client.batches.list()], True)
    answer = json.loads(client.files.content(done.output_file_id).text.splitlines()[0])
    same((answer["custom_id"], answer["response"]["status_code"]), ("1", 200))
    same(client.files.delete(file.id).deleted, True)
    raised(openai.NotFoundError, 404, lambda: client.files.retrieve(file.id), "deleted")


run()
