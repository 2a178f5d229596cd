//! Small values.

use baton_store::Store;

pub async fn keep_the_first_or_the_last(store: &Store) {
    let settings = store.settings();
    assert_eq!(settings.lookup("pepper").await.unwrap(), None);
    assert_eq!(settings.get_or_set("pepper", "first").await.unwrap(), "first");
    assert_eq!(settings.get_or_set("pepper", "second").await.unwrap(), "first");
    settings.set("pepper", "third").await.unwrap();
    settings.set("other", "x").await.unwrap();
    assert_eq!(settings.lookup("pepper").await.unwrap().as_deref(), Some("third"));
}
