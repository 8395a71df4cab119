package dev.uring.message

import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.net.Connection as CoreConnection

/**
 * How a channel outlives its connection: how it gets another one, which messages go over that, and what the program hears
 * of it. A channel that does not outlive it has no [comeback], and nothing here does anything.
 *
 * States: the channel's phases OPEN, then (broken) AWAY, OPENING, OPEN and so on. The end that has connected goes through
 * all of them; the end that was connected to stays AWAY until its peer is there again.
 *
 * Thread: the channel's worker.
 */
internal class Continuity(
    private val channel: PeerChannel,
    private val config: EngineConfig,
) {
    private val group = channel.group
    private val outbox = channel.outbox
    private var comeback: Comeback? = null

    /** The channel lives on another worker of the peer. */
    private var isElsewhere = false

    /** The program knows that the connection was lost, and not yet that there is another one. */
    private var isLossTold = false

    /** The connection broke: neither program has ended the channel. */
    var isBroken = false

    /** Nothing has come over this connection yet. */
    var isUnheard = true

    /** Nothing may be written: the peer is asked first where to go on. */
    var isHeld = false
        private set

    /** Whether there shall be another connection. */
    val isWanted: Boolean get() = isBroken && comeback?.isWanted == true

    /** Whether nothing is taken until there is another one. */
    val isRefusing: Boolean get() = isBroken && comeback?.rule == ResendRule.NONE

    /** What the program has said, as it stands before anything is added to it. */
    fun begin(hello: Envelope) {
        comeback = config.reconnect?.let { Reconnection(channel, it, hello.copy()) }
        channel.features.offer(hello, comeback)
    }

    /** The peer knows the channel by [id] from now on; false when it cannot be kept. */
    fun keepSession(id: String): Boolean {
        val settings = config.resume ?: return false
        val sessions = group.engine.sessions
        if (channel.hasConnected || !sessions.add(id, channel)) return false
        comeback = Resumption(channel, id, sessions, settings)
        return true
    }

    /** The program does not want it any more, or the peer's has ended it. */
    fun renounce() {
        comeback?.isWanted = false
    }

    /** The peer's engine has ended the channel in order. */
    fun peerSaidFarewell() {
        // One that has connected says so when it does not want it any more; one that was connected to may be restarting.
        if (comeback is Resumption) renounce()
    }

    /** Whether the peer is left without a farewell, because the channel goes on. */
    fun leavesSilently(): Boolean = comeback != null && channel.features.awaitsFinal

    /** The channel has ended. */
    fun stop() {
        val back = comeback ?: return
        back.stop()
        if (back is Resumption) group.engine.sessions.remove(back.session, channel)
    }

    /** The connection broke, and there shall be another one. */
    fun goAway() {
        val back = checkNotNull(comeback)
        if (!isUnheard) {
            isLossTold = true
            group.notices.connectionLost(channel.number, channel.endStatus, channel.endReason)
        }
        sortOut(back.rule)
        isHeld = false
        val mayTryElsewhere = isElsewhere.also { isElsewhere = false }
        if (mayTryElsewhere) {
            (back as Reconnection).tryElsewhere()
        } else if (!back.lost()) {
            return channel.giveUp(channel.endStatus, channel.endReason)
        }
        outbox.announceRoom()
    }

    // Of what was on its way: which goes again, and which comes back.
    private fun sortOut(rule: ResendRule) {
        val isUnknown = channel.features.holdsForReceipts && !channel.features.isFinalReceived
        if (rule == ResendRule.EXACTLY_ONCE && isUnknown) return // The peer will tell.
        outbox.dropHello()
        val status = if (isUnknown) MessageStatus.COMMUNICATION_FAILED else channel.endStatus
        if (rule == ResendRule.NONE || (rule == ResendRule.UNSENT && isUnknown)) {
            outbox.giveBackWritten(status, channel::giveBack)
        }
        if (rule == ResendRule.NONE) outbox.giveBackWaiting(channel.endStatus, channel::giveBack)
        outbox.waiting.addAllFirst(outbox.written)
        endLostRequests()
    }

    // Requests that the peer has, and whose responses it cannot send any more.
    private fun endLostRequests() {
        val kept = outbox.waitingIds().also { it += channel.firstId }
        group.notices.endRequests(channel.number, MessageStatus.COMMUNICATION_FAILED, channel.endReason, kept)
    }

    /** The hello request of the next connection. */
    fun helloAgain(back: Reconnection): Envelope {
        isUnheard = true
        val again = Envelope.of(back.helloAgain())
        again.take("its channel")
        val session = back.session
        if (session == null) {
            channel.beginFeatures(releasedAlready = 0)
            channel.features.offer(again, back)
        } else {
            isHeld = true
            channel.features.askToResume(again, session)
        }
        return again
    }

    /** An attempt to connect has failed; true when another one follows. */
    fun failedAgain(status: MessageStatus): Boolean =
        (comeback as? Reconnection)?.failed(status, channel.counters.connections > 0) == true

    /** Why the channel ends after an attempt that has failed because of [reason]. */
    fun describe(reason: String): String = (comeback as? Reconnection)?.describe(reason) ?: reason

    /** Another connection stands; true when the peer has come back over it, and all is said. */
    fun opened(open: CoreConnection): Boolean {
        isBroken = false
        val back = comeback as? Resumption ?: return false
        back.stop()
        goOn(back.got)
        channel.transmission.writeUncounted(open, answerTo(back.helloId, channel.features.resumeWords(back.session)))
        isLossTold = false
        group.notices.connectionBack(channel.number)
        return true
    }

    /** The first message over a connection that this side has opened; true when it was for the engine alone. */
    fun answered(
        envelope: Envelope,
        kind: MessageOperation,
    ): Boolean {
        val back = comeback as? Reconnection ?: return false
        val isAnswer = kind == MessageOperation.HELLO_RESPONSE
        val words = if (isAnswer) SessionWords.decode(envelope.textHeader(ChannelFeatures.HEADER)) else null
        if (words?.isElsewhere == true) {
            envelope.putBack()
            isUnheard = true
            isElsewhere = true
            channel.breakOff("it lives on another worker of the peer", isAtOnce = true)
            return true
        }
        back.answered()
        val got = words?.got
        val isResumed = isHeld && got != null
        if (got != null && isHeld) {
            goOn(got)
        } else if (isHeld) {
            beginAgain(back)
        }
        if (isAnswer && !isResumed) channel.features.hello(envelope, kind)
        tellBack(envelope, isAnswer, isResumed)
        channel.transmission.pump()
        return isResumed
    }

    // The peer's answer is the word of it, with what the answer carries.
    private fun tellBack(
        envelope: Envelope,
        isAnswer: Boolean,
        isResumed: Boolean,
    ) {
        val isNews = isLossTold.also { isLossTold = false }
        if (isNews && isAnswer) {
            envelope.setKind(MessageOperation.SIGNAL)
            envelope.fail(MessageStatus.SUCCESS)
            envelope.markConnectionBack()
        } else if (isNews) {
            group.notices.connectionBack(channel.number)
        }
        if (isResumed && isNews) {
            group.receive(envelope, channel.worker)
        } else if (isResumed) {
            envelope.putBack()
        }
    }

    // Both ends have kept the channel: the rest of what the peer has not got goes first.
    private fun goOn(got: Long) {
        isHeld = false
        channel.features.resume(got)
        channel.transmission.settleSent()
        outbox.waiting.addAllFirst(outbox.written)
    }

    // The peer does not know the channel any more: nobody will ever know of what was on its way.
    private fun beginAgain(back: Reconnection) {
        isHeld = false
        outbox.dropHello()
        outbox.giveBackWritten(MessageStatus.COMMUNICATION_FAILED, channel::giveBack)
        channel.beginFeatures(releasedAlready = 1) // the hello
        channel.features.offerAgain(back)
        endLostRequests()
    }

    /**
     * An accepted connection has begun with [hello]; true when that is of a channel which has lost its own. The connection
     * is given to it then.
     */
    fun goesOnElsewhere(
        hello: Envelope,
        open: CoreConnection,
    ): Boolean {
        val words = SessionWords.decode(hello.textHeader(ChannelFeatures.HEADER))
        val got = words.got ?: return false
        val kept = words.id?.let { group.engine.sessions[it] } ?: return false
        if (!kept.group.isShardOf(group)) return false
        val helloId = hello.messageId
        hello.putBack()
        if (kept.worker !== channel.worker) {
            channel.transmission.writeUncounted(open, answerTo(helloId, SessionWords.ELSEWHERE))
            channel.endUnheardOf()
        } else {
            channel.letGo()
            // Not here, inside a call of the connection that changes hands.
            channel.worker.execute { kept.continuity.takeOver(open, helloId, got) }
        }
        return true
    }

    private fun takeOver(
        open: CoreConnection,
        helloId: Long,
        got: Long,
    ) {
        val back = comeback as? Resumption
        if (back != null && open.isOpen) channel.breakUnnoticed("the peer has come back over another connection")
        if (back == null || !channel.isAway || !open.isOpen) return open.abort()
        back.helloId = helloId
        back.got = got
        open.handOver(channel)
    }

    private fun answerTo(
        helloId: Long,
        words: String,
    ): Envelope {
        val answer = Message().operation(MessageOperation.HELLO_RESPONSE).channel(channel.number).id(helloId)
        answer.headers().append(ChannelFeatures.HEADER, words)
        return Envelope.of(answer).also { it.take("its channel") }
    }
}
