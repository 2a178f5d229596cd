"""Prints the names that the SDKs' types know, as JSON: a list for each format.

A name is a path from a request, reply or event: `request.thinking[adaptive].display=omitted`. `[adaptive]` is a variant
of a union, told by its `type` (else by its class), `=omitted` one of the values of an enum. A class is written out
where it stands nearest to the root, and named by its variant elsewhere: content blocks hold content blocks.
"""

import collections.abc
import importlib
import inspect
import json
import re
import typing

import pydantic
import typing_extensions
from typing_extensions import get_args, get_origin, is_typeddict

# Where each list begins: format, root, and where its type is. Several types of one root are one: the SDK has a plain
# and a beta version of Anthropic's.
ANTHROPIC, BETA = "anthropic.types", "anthropic.types.beta"
AUDIO = "openai.types.audio"
ROOTS = [
    ("openai", "chat.request", "openai.types.chat.completion_create_params:CompletionCreateParamsStreaming"),
    ("openai", "chat.request", "openai.types.chat.completion_create_params:CompletionCreateParamsNonStreaming"),
    ("openai", "chat.reply", "openai.types.chat:ChatCompletion"),
    ("openai", "chat.chunk", "openai.types.chat:ChatCompletionChunk"),
    ("openai", "completions.request", "openai.types.completion_create_params:CompletionCreateParamsStreaming"),
    ("openai", "completions.reply", "openai.types:Completion"),
    ("openai", "embeddings.request", "openai.types:EmbeddingCreateParams"),
    ("openai", "embeddings.reply", "openai.types:CreateEmbeddingResponse"),
    ("openai", "images.request", "openai.types.image_generate_params:ImageGenerateParamsStreaming"),
    ("openai", "images.edit", "openai.types.image_edit_params:ImageEditParamsStreaming"),
    ("openai", "images.reply", "openai.types:ImagesResponse"),
    ("openai", "images.event", "openai.types:ImageGenStreamEvent"),
    ("openai", "images.event", "openai.types:ImageEditStreamEvent"),
    ("openai", "transcriptions.request", f"{AUDIO}.transcription_create_params:TranscriptionCreateParamsStreaming"),
    ("openai", "transcriptions.reply", f"{AUDIO}:TranscriptionVerbose"),
    ("openai", "transcriptions.reply", f"{AUDIO}:Transcription"),
    ("openai", "transcriptions.reply", f"{AUDIO}:TranscriptionDiarized"),
    ("openai", "transcriptions.event", f"{AUDIO}:TranscriptionStreamEvent"),
    ("openai", "translations.request", f"{AUDIO}:TranslationCreateParams"),
    ("openai", "translations.reply", f"{AUDIO}:TranslationVerbose"),
    ("openai", "speech.request", f"{AUDIO}:SpeechCreateParams"),
    ("openai", "error", "openai.types.shared:ErrorObject"),
    ("responses", "request", "openai.types.responses.response_create_params:ResponseCreateParamsStreaming"),
    ("responses", "request", "openai.types.responses.response_create_params:ResponseCreateParamsNonStreaming"),
    ("responses", "reply", "openai.types.responses:Response"),
    ("responses", "event", "openai.types.responses:ResponseStreamEvent"),
    ("anthropic", "request", f"{ANTHROPIC}.message_create_params:MessageCreateParamsStreaming"),
    ("anthropic", "request", f"{BETA}.message_create_params:MessageCreateParamsStreaming"),
    ("anthropic", "reply", f"{ANTHROPIC}:Message"),
    ("anthropic", "reply", f"{BETA}:BetaMessage"),
    ("anthropic", "event", f"{ANTHROPIC}:RawMessageStreamEvent"),
    ("anthropic", "event", f"{BETA}:BetaRawMessageStreamEvent"),
    ("anthropic", "error", f"{ANTHROPIC}.shared.error_response:ErrorResponse"),
    ("anthropic", "error", f"{ANTHROPIC}:BetaErrorResponse"),
    ("anthropic", "error.details", f"{ANTHROPIC}.shared.error_details:ErrorDetails"),
    ("ollama", "chat.request", "ollama._types:ChatRequest"),
    ("ollama", "chat.reply", "ollama._types:ChatResponse"),
    ("ollama", "generate.request", "ollama._types:GenerateRequest"),
    ("ollama", "generate.reply", "ollama._types:GenerateResponse"),
    ("ollama", "embed.request", "ollama._types:EmbedRequest"),
    ("ollama", "embed.reply", "ollama._types:EmbedResponse"),
]

# Classes that are named and not written out: what a browser, a computer or an editor is told to do passes as it is, and
# errors of the administration concern no request.
CLOSED = re.compile(
    r"^Image$|Storage|Heartbeat|Browser|Computer|ActionClick|Operation|Shell|ApplyPatch|Skill|Mcp|ComparisonFilter"
)

# Members whose values are names of models, voices or previews, and no words of the format.
OPEN = re.compile(r"\.(model|voice|betas)$")


def wire_names():
    lists = {}
    for format, root, place in ROOTS:
        module, name = place.split(":")
        walk = lists.setdefault(format, Walk())
        walk.begin(root, getattr(importlib.import_module(module), name))
    return {format: sorted(walk.names) for format, walk in lists.items()}


class Walk:
    """The names of one format, nearest first."""

    def __init__(self):
        self.names = set()
        # Where each class is written out. A class and its beta version are one, and so are a variant that is sent and
        # the same one received.
        self.places = {}
        self.expanded = set()

    def begin(self, root, type_):
        self.root = root
        waiting = collections.deque([(root, type_)])
        while waiting:
            waiting.extend(self.visit(*waiting.popleft()))

    def visit(self, path, type_):
        classes, values = [], []
        parts(type_, classes, values)
        if not OPEN.search(path):
            self.names.update(f"{path}={value}" for value in values)
        for class_ in classes:
            # A lone class is its place; of several each is told apart.
            told_by, label = discriminator(class_)
            alone = len(classes) == 1 and label is None
            place = path if alone else f"{path}[{label or plain_name(class_)}]"
            if place != self.root:
                self.names.add(place)
            home = self.places.setdefault(identity(class_, label, path), place)
            if class_ in self.expanded or CLOSED.search(class_.__name__):
                continue
            if label is not None:
                self.expanded.add(class_)
            elif home != place:
                continue
            for name, member in members(class_):
                if name != told_by:
                    self.names.add(f"{home}.{name}")
                    yield f"{home}.{name}", member


def parts(type_, classes, values):
    """The classes and the enum's values that a type may be."""
    if isinstance(type_, typing_extensions.TypeAliasType):
        return parts(type_.__value__, classes, values)
    origin = get_origin(type_)
    if origin is typing.Literal or origin is typing_extensions.Literal:
        for value in get_args(type_):
            if isinstance(value, str) and value and value not in values:
                values.append(value)
    elif origin in (dict, collections.abc.Mapping):
        # Of names that the caller chooses only the values are known.
        parts(get_args(type_)[1], classes, values)
    elif origin is not None:
        for argument in get_args(type_)[:1] if origin is typing_extensions.Annotated else get_args(type_):
            parts(argument, classes, values)
    elif inspect.isclass(type_) and (is_typeddict(type_) or issubclass(type_, pydantic.BaseModel)):
        if type_ not in classes:
            classes.append(type_)


def members(class_):
    if is_typeddict(class_):
        hints = typing_extensions.get_type_hints(class_, include_extras=False)
        return sorted(hints.items())
    # A validated model resolves its forward references itself.
    return sorted((field.alias or name, field.annotation) for name, field in class_.model_fields.items())


def discriminator(class_):
    """The member that tells a variant, and its word; nothing where it is no variant."""
    known = dict(members(class_))
    # A message has two, and its role is one of several where the SDK has one class for all of them.
    for name in ("type", "role", "error_code"):
        classes, values = [], []
        parts(known.get(name), classes, values)
        if len(values) == 1 and not classes:
            return name, values[0]
    return None, None


def identity(class_, label, path):
    place = re.sub(r"beta[._]|_param(?=[.])", "", f"{class_.__module__}.")
    # What is no variant has members of its own on the way back.
    return place, plain_name(class_), None if label else re.search("request|edit", path) is None


def plain_name(class_):
    return re.sub(r"^Beta|Param$", "", class_.__qualname__)


if __name__ == "__main__":
    print(json.dumps(wire_names()))
