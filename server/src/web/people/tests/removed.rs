//! What somebody kept who was removed.

use super::shares::converse;
use crate::{
    homes,
    people::{By, Role, now},
    testing::{Bench, says},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn it_stays_for_a_while_and_then_nothing_is_left() {
    let bench = Bench::start("keep_removed_days = 7", [says("For Bob.")]).await;
    bench.add("anna", Role::Owner);
    let (id, _) = bench.add("bob", Role::Member);
    converse(&bench, Some("bob"), "talk", "I am Bob").await;
    let bob = bench.people.called("bob").unwrap();
    let folder = homes::folder_of(bench.folder.path(), &bob);
    assert!(folder.join("agents").exists());
    bench.people.remove(&By::command_line(), &id).unwrap();
    let removed = bench.people.removed().unwrap();
    assert_eq!(removed[0].name, "bob");
    bench.homes.close(&id).await;

    assert_eq!(bench.homes.purge(removed.clone(), now() + 6 * DAY), []);
    assert!(folder.exists());
    let purged = bench.homes.purge(removed.clone(), now() + 7 * DAY);
    assert_eq!(purged, removed);
    assert!(!folder.exists());
    bench.people.purged(&By::command_line(), &purged[0]).unwrap();
    assert_eq!(bench.people.removed().unwrap(), []);
    let newest = bench.people.audit(1).unwrap();
    assert_eq!((newest[0].event.as_str(), newest[0].subject.as_str()), ("data deleted", "bob"));
}
