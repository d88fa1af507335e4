//! Receivers that do not do as they should.

use std::time::Duration;

use annals_publisher::{NotTaken, Sink, WebhookSink, Why};

use super::receiver::{Answer, Receiver, messages, secret};

async fn told(answer: Answer) -> Result<(), NotTaken> {
    let receiver = Receiver::new().await;
    receiver.always(answer);
    let sink = receiver.sink().time_limit(Duration::from_millis(500));
    let answer = sink.publish(&messages(1)).await;
    if let Err(error) = &answer {
        let shown = format!("{error:?} {error}");
        assert!(!shown.contains("t0ken") && !shown.contains("p4yload"), "{shown}");
    }
    answer
}

fn passes(answer: Result<(), NotTaken>) {
    assert_eq!(answer.unwrap_err().why(), Why::Passing { after: None });
}

#[tokio::test]
async fn one_that_never_answers() {
    passes(told(Answer::Never).await);
}

#[tokio::test]
async fn one_that_hangs_up() {
    passes(told(Answer::HangUp).await);
}

#[tokio::test]
async fn one_that_is_not_there() {
    let url = Receiver::new().await.url.clone();
    let sink = WebhookSink::new(&url, secret()).unwrap();
    let error = sink.publish(&messages(1)).await.unwrap_err();
    assert_eq!(error.why(), Why::Passing { after: None });
    assert!(!format!("{error}").contains("t0ken"), "{error}");
}

#[tokio::test]
async fn one_that_answers_garbage() {
    for garbage in ["\0\0\0\0", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 abc\r\n\r\n", "\r\n\r\n\r\n"] {
        passes(told(Answer::Bytes(garbage.into())).await);
    }
    // It echoes what it was sent, as content of an error.
    let echo = "HTTP/1.1 500 p4yload\r\ncontent-length: 7\r\n\r\np4yload";
    passes(told(Answer::Bytes(echo.into())).await);
}

#[tokio::test]
async fn one_whose_headers_do_not_end() {
    let first = b"HTTP/1.1 200 OK\r\n".to_vec();
    passes(told(Answer::Endless(first, b"x-more: and more\r\n".repeat(100))).await);
}

#[tokio::test]
async fn one_whose_answer_is_huge() {
    let mut first = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    // The status is what counts, and the rest is not waited for.
    assert_eq!(told(Answer::Endless(first.clone(), chunk.clone())).await, Ok(()));
    first[9..12].copy_from_slice(b"410");
    let error = told(Answer::Endless(first, chunk)).await.unwrap_err();
    assert_eq!(error.why(), Why::Gone);
}

#[tokio::test]
async fn one_that_says_less_than_it_promised() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok";
    assert_eq!(told(Answer::Bytes(answer.into())).await, Ok(()));
}
