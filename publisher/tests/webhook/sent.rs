//! What is sent.

use annals_publisher::Sink;
use annals_publisher::signature::{Secret, VerifyError};

use super::receiver::{Answer, Receiver, messages, secret};

#[tokio::test]
async fn a_message_is_posted_alone_and_signed() {
    let receiver = Receiver::new().await;
    let messages = messages(2);
    receiver.sink().publish(&messages).await.unwrap();
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    for (received, message) in received.iter().zip(&messages) {
        assert_eq!(received.line, "POST /hook?token=t0ken HTTP/1.1");
        assert_eq!(received.header("content-type"), "application/cloudevents+json; charset=UTF-8");
        assert_eq!(received.header("webhook-id"), message.id.to_string());
        assert_eq!(received.body, message.to_json().into_bytes());
        assert_eq!(received.verified(&secret()), Ok(()));
        let stranger = Secret::from_bytes([8; 32]).unwrap();
        assert_eq!(received.verified(&stranger), Err(VerifyError::Signature));
    }
}

#[tokio::test]
async fn a_batch_is_one_request_under_an_id_of_its_own() {
    let receiver = Receiver::new().await;
    let messages = messages(3);
    let sink = receiver.sink().batch(10);
    for batch in [&messages[..], &messages, &messages[..2]] {
        sink.publish(batch).await.unwrap();
    }
    let received = receiver.received();
    let kind = "application/cloudevents-batch+json; charset=UTF-8";
    assert_eq!(received[0].header("content-type"), kind);
    assert_eq!(received[0].verified(&secret()), Ok(()));
    let ids: Vec<_> = messages.iter().map(|message| message.id.to_string()).collect();
    let sent = received[0].json();
    let sent: Vec<_> = sent.as_array().unwrap().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(sent, ids);
    let ids = receiver.ids();
    assert_eq!(ids[0], ids[1], "the same messages");
    assert_ne!(ids[0], ids[2], "others");
}

#[tokio::test]
async fn a_second_secret_signs_as_well() {
    let receiver = Receiver::new().await;
    let next = Secret::from_bytes([9; 32]).unwrap();
    receiver.sink().also_signed_by(next.clone()).publish(&messages(1)).await.unwrap();
    let received = &receiver.received()[0];
    assert_eq!((received.verified(&secret()), received.verified(&next)), (Ok(()), Ok(())));
}

#[tokio::test]
async fn of_a_batch_that_is_refused_only_one_message_is() {
    let receiver = Receiver::new().await;
    let messages = messages(4);
    // The batch, then the first, and the second.
    receiver.then(Answer::status(413)).then(Answer::status(200)).then(Answer::status(422));
    let error = receiver.sink().batch(10).publish(&messages).await.unwrap_err();
    assert_eq!((error.taken(), error.why()), (1, annals_publisher::Why::Refused));
    assert_eq!(receiver.ids()[1..], [messages[0].id.to_string(), messages[1].id.to_string()]);
}
