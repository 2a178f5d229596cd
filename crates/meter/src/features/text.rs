//! What a text is made of: one pass over its bytes, one step of a small automaton for each.

#![expect(clippy::indexing_slicing, reason = "arrays of fixed size, indexed by the numbers of their own items")]

use super::vector::Feature;

/// What the automaton stands in after a byte. The first seven are places within a word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum State {
    Word1,
    Word2,
    Word3,
    Word4,
    Word5,
    Word6,
    WordLong,
    /// An upper-case letter after a lower-case one: `camelCase` makes a token of its own.
    Hump,
    /// An upper-case letter after another.
    Caps,
    Digit1,
    Digit2,
    Digit3,
    Space,
    Spaces,
    Line,
    Lines,
    Mark,
    Marks,
    /// A byte within a character.
    Inner,
    Latin,
    Alphabet,
    Indic,
    Symbol,
    Ideograph,
    Hangul,
    Plane,
    Control,
}

const STATES: usize = State::Control as usize + 1;

/// What a byte is, whatever stands before it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    Lower,
    Upper,
    Digit,
    Space,
    Line,
    Mark,
    Inner,
    Latin,
    Alphabet,
    Indic,
    Symbol,
    Ideograph,
    Hangul,
    Plane,
    Control,
}

const CLASSES: usize = Class::Control as usize + 1;

const fn class(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' => Class::Lower,
        b'A'..=b'Z' => Class::Upper,
        b'0'..=b'9' => Class::Digit,
        b' ' => Class::Space,
        b'\n' | b'\r' | b'\t' => Class::Line,
        b'!'..=b'~' => Class::Mark,
        0x80..=0xbf => Class::Inner,
        // The first byte of a character tells its script well enough: Latin with accents; Greek, Cyrillic, Hebrew and
        // Arabic; the scripts of India and South-East Asia; punctuation and symbols; Chinese and Japanese; Korean;
        // emoji and rare ideographs.
        0xc2..=0xca => Class::Latin,
        0xcb..=0xdf => Class::Alphabet,
        0xe0..=0xe1 => Class::Indic,
        0xe2 => Class::Symbol,
        0xe3..=0xe9 | 0xee..=0xef => Class::Ideograph,
        0xea..=0xed => Class::Hangul,
        0xf0..=0xf4 => Class::Plane,
        _ => Class::Control,
    }
}

const fn next(state: usize, class: Class) -> State {
    const WORD: [State; 7] =
        [State::Word1, State::Word2, State::Word3, State::Word4, State::Word5, State::Word6, State::WordLong];
    let in_word = state <= State::WordLong as usize;
    let in_caps = state == State::Caps as usize || state == State::Hump as usize;
    match class {
        Class::Lower if in_word => WORD[if state < 6 { state + 1 } else { 6 }],
        // After an accented letter the word goes on.
        Class::Lower if in_caps || state == State::Inner as usize => State::Word3,
        Class::Lower => State::Word1,
        Class::Upper if state == State::Word1 as usize || in_caps => State::Caps,
        Class::Upper if in_word => State::Hump,
        Class::Upper => State::Word1,
        // Encodings put up to three digits into a token.
        Class::Digit if state == State::Digit1 as usize => State::Digit2,
        Class::Digit if state == State::Digit2 as usize => State::Digit3,
        Class::Digit => State::Digit1,
        Class::Space if state == State::Space as usize || state == State::Spaces as usize => State::Spaces,
        Class::Space => State::Space,
        Class::Line if state == State::Line as usize || state == State::Lines as usize => State::Lines,
        Class::Line => State::Line,
        Class::Mark if state == State::Mark as usize || state == State::Marks as usize => State::Marks,
        Class::Mark => State::Mark,
        Class::Inner => State::Inner,
        Class::Latin => State::Latin,
        Class::Alphabet => State::Alphabet,
        Class::Indic => State::Indic,
        Class::Symbol => State::Symbol,
        Class::Ideograph => State::Ideograph,
        Class::Hangul => State::Hangul,
        Class::Plane => State::Plane,
        Class::Control => State::Control,
    }
}

/// The class of every byte.
const BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class(byte as u8) as u8;
        byte += 1;
    }
    table
};

/// The state after every state and class. Rows and columns are powers of two, so that an index is a shift.
const STEPS: [[u8; 16]; 32] = {
    const ALL: [Class; CLASSES] = [
        Class::Lower,
        Class::Upper,
        Class::Digit,
        Class::Space,
        Class::Line,
        Class::Mark,
        Class::Inner,
        Class::Latin,
        Class::Alphabet,
        Class::Indic,
        Class::Symbol,
        Class::Ideograph,
        Class::Hangul,
        Class::Plane,
        Class::Control,
    ];
    let mut table = [[State::Control as u8; 16]; 32];
    let mut state = 0;
    while state < STATES {
        let mut class = 0;
        while class < CLASSES {
            table[state][class] = next(state, ALL[class]) as u8;
            class += 1;
        }
        state += 1;
    }
    table
};

/// The feature that a state counts for. What follows the first bytes of a character says nothing new.
const FEATURES: [(State, Feature); STATES - 1] = [
    (State::Word1, Feature::Words),
    (State::Word2, Feature::Letters),
    (State::Word3, Feature::Letters),
    (State::Word4, Feature::Letters),
    (State::Word5, Feature::Letters),
    (State::Word6, Feature::Letters),
    (State::WordLong, Feature::LongLetters),
    (State::Hump, Feature::Humps),
    (State::Caps, Feature::Caps),
    (State::Digit1, Feature::Numbers),
    (State::Digit2, Feature::Digits),
    (State::Digit3, Feature::Digits),
    (State::Space, Feature::Spaces),
    (State::Spaces, Feature::SpaceRuns),
    (State::Line, Feature::Lines),
    (State::Lines, Feature::LineRuns),
    (State::Mark, Feature::Marks),
    (State::Marks, Feature::MarkRuns),
    (State::Latin, Feature::Latin),
    (State::Alphabet, Feature::Alphabets),
    (State::Indic, Feature::Indic),
    (State::Symbol, Feature::Symbols),
    (State::Ideograph, Feature::Ideographs),
    (State::Hangul, Feature::Hangul),
    (State::Plane, Feature::Planes),
    (State::Control, Feature::Controls),
];

/// How often each state was reached.
pub(super) struct TextProfile([u32; 32]);

impl TextProfile {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let mut counts = [0_u32; 32];
        let mut state = State::Control as usize;
        for byte in text.bytes() {
            // The masks change nothing and spare the bounds checks.
            let class = BYTES[byte as usize] as usize & 15;
            state = STEPS[state & 31][class] as usize;
            counts[state & 31] += 1;
        }
        Self(counts)
    }

    /// The features and their numbers.
    pub(super) fn features(&self) -> impl Iterator<Item = (Feature, f64)> {
        FEATURES.iter().map(|(state, feature)| (*feature, f64::from(self.0[*state as usize & 31])))
    }

    /// Beginnings of words and numbers, the letters that follow, and everything else: what a schema needs.
    pub(super) fn coarse(&self) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for (feature, number) in self.features() {
            let place = match feature {
                Feature::Words | Feature::Humps | Feature::Numbers => 0,
                Feature::Letters | Feature::LongLetters | Feature::Caps | Feature::Digits => 1,
                _ => 2,
            };
            sums[place] += number;
        }
        sums
    }
}
