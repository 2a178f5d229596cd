//! Reading a journal, whatever is in it: the reader gets to the end, and a record that it finds is written and read as the
//! same.
#![no_main]

use baton_model::schema::journal::{JournalEntry, JournalFormat, JournalPiece, JournalReader, write_end};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for format in [JournalFormat::Frames, JournalFormat::Lines, JournalFormat::detect(data)] {
        for to_the_end in [false, true] {
            let mut reader = JournalReader::new(data, format, to_the_end);
            for piece in reader.by_ref() {
                if let JournalPiece::Entry(entry) = piece {
                    check(entry);
                }
            }
            assert!(reader.place() <= data.len());
            assert!(format == JournalFormat::Lines || !to_the_end || reader.place() == data.len());
        }
    }
    // Without a frame, whose checksums are hard to guess.
    if let Some((kind, payload)) = data.split_first()
        && let Some(entry) = JournalEntry::read(*kind, payload)
    {
        check(entry);
    }
});

fn check(entry: JournalEntry) {
    match entry {
        JournalEntry::Start(start) => drop(start.read()),
        JournalEntry::End(record) => {
            let mut first = Vec::new();
            // Texts may be longer than is written.
            write_end(&record, &mut first);
            let Some(JournalPiece::Entry(JournalEntry::End(read))) =
                JournalReader::new(&first, JournalFormat::Frames, true).next()
            else {
                panic!("{record:?} is not read again");
            };
            let mut second = Vec::new();
            write_end(&read, &mut second);
            assert_eq!(first, second);
        }
    }
}
