//! What answers mean.

use std::time::Duration;

use annals_publisher::{NotTaken, Sink, Why};

use super::receiver::{Answer, Receiver, messages};

const NOW: Why = Why::Passing { after: None };

async fn told(answer: Answer) -> Result<(), NotTaken> {
    let receiver = Receiver::new().await;
    receiver.then(answer);
    let answer = receiver.sink().publish(&messages(1)).await;
    assert_eq!(receiver.received().len(), 1, "it is the runner who tries again");
    answer
}

#[tokio::test]
async fn every_status_has_a_meaning() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(told(Answer::status(status)).await, Ok(()), "{status}");
    }
    let meanings = [
        (410, Why::Gone),
        (408, NOW),
        (425, NOW),
        (429, NOW),
        (500, NOW),
        (502, NOW),
        (503, NOW),
        (504, NOW),
        (599, NOW),
        (400, Why::Refused),
        (401, Why::Refused),
        (404, Why::Refused),
        (413, Why::Refused),
        (422, Why::Refused),
        (499, Why::Refused),
        (304, NOW),
    ];
    for (status, why) in meanings {
        let error = told(Answer::status(status)).await.unwrap_err();
        assert_eq!(error.why(), why, "{status}");
        assert!(error.reason().contains(&status.to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_receiver_says_how_long_it_wants_to_be_left_alone() {
    let after = |seconds| Why::Passing { after: Some(Duration::from_secs(seconds)) };
    for (status, value, why) in [
        (429, "120", after(120)),
        (503, "Thu, 01 Jan 2026 00:00:00 GMT", after(0)),
        (503, "soon", NOW),
        (408, "5", after(5)),
        (410, "5", Why::Gone),
        (400, "5", Why::Refused),
    ] {
        let answer = Answer::with(status, &format!("retry-after: {value}\r\n"));
        assert_eq!(told(answer).await.unwrap_err().why(), why, "{status} {value}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Receiver::new().await;
    for status in [301, 302, 303, 307, 308] {
        let answer = Answer::with(status, &format!("location: {}\r\n", elsewhere.url));
        let error = told(answer).await.unwrap_err();
        assert_eq!(error.why(), NOW, "{status}");
        assert!(error.reason().contains("redirect"), "{error}");
    }
    assert!(elsewhere.received().is_empty());
}
