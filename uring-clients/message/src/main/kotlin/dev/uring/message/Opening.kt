package dev.uring.message

import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.InvalidMessageException
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.TextHeaders

/**
 * A listener.
 *
 * @property channel its number, for [close]
 * @property address where it listens, with the port that the system has chosen
 */
public data class Listening(
    val channel: Int,
    val address: ChannelAddress,
)

/**
 * Listens on [address], `tcp|host|port` or `uds|path`; port 0 lets the system choose.
 *
 * ### Ownership
 * The listener and the channels that it brings are the group's. A new channel shows by its first message, a hello
 * request, which the program answers: [accept].
 * ### Errors
 * [ChannelFailedException] the address cannot be listened on ·
 * [InvalidMessageException] it is none.
 *
 * @sample samples.message.echoServer
 */
public suspend fun Group.listen(address: String): Listening {
    val welcome = message().operation(MessageOperation.WELCOME_REQUEST)
    welcome.headers().append(TextHeaders.LISTEN_ON, address)
    val channel = opened(requestOrRelease(welcome), "listen on $address")
    return Listening(channel, checkNotNull(addressOf(channel)))
}

/**
 * Connects to [address], `tcp|host|port` or `uds|path`, and waits for the peer's hello response.
 *
 * ### Shapes and units
 * Returns the number of the channel. The host may be a name. [say] may add to the hello request what the peer shall
 * know.
 * ### Threading and cancellation
 * Cancelling gives the wait up, not the channel: its hello response is received like any other message.
 * ### Errors
 * [ChannelFailedException] it cannot be connected, or the peer has ended the channel instead of answering.
 *
 * @sample samples.message.echoClient
 */
public suspend fun Group.connect(
    address: String,
    say: (hello: Message) -> Unit = {},
): Int {
    val hello = message().operation(MessageOperation.HELLO_REQUEST)
    hello.headers().append(TextHeaders.CONNECT_TO, address)
    say(hello)
    return opened(requestOrRelease(hello), "connect to $address")
}

/** Answers [hello], a hello request that was received: the channel stands. [hello] is handed over. */
public suspend fun Group.accept(hello: Message): Unit = send(hello.toResponse())

/** Ends [channel] in order: the peer is asked, and what was sent before is received there. Suspends until it agrees. */
public suspend fun Group.bye(channel: Int) {
    val bye = message().operation(MessageOperation.BYE_REQUEST).channel(channel)
    requestOrRelease(bye).release()
}

/**
 * Ends [channel] at once. What is on its way comes back with [MessageStatus.CHANNEL_CLOSED] or is lost with the
 * connection; with receipts agreed on, all that the peer's program did not get comes back. Does nothing when it has
 * ended.
 */
public fun Group.close(channel: Int) {
    val bye =
        message()
            .operation(MessageOperation.BYE_SIGNAL)
            .oob(true)
            .channel(channel)
    try {
        sendNow(bye)
    } catch (ended: InvalidMessageException) {
        bye.release()
        if (ended.status() != MessageStatus.INVALID_CHANNEL_NUMBER) throw ended
    }
}

private suspend fun Group.requestOrRelease(message: Message): Message =
    try {
        request(message)
    } catch (refused: InvalidMessageException) {
        message.release()
        throw refused
    }

private fun opened(
    answer: Message,
    what: String,
): Int {
    val channel = answer.channel()
    val status = answer.status()
    val isFailed = answer.isFromEngine && status != MessageStatus.SUCCESS
    val reason = if (answer.operation() == MessageOperation.RESPONSE) answer.body().toUtf8() else ""
    answer.release()
    if (isFailed) {
        throw ChannelFailedException(status, "cannot $what: $status${if (reason.isEmpty()) "" else " ($reason)"}.")
    }
    return channel
}
