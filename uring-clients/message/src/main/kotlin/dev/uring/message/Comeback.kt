package dev.uring.message

import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageStatus
import dev.uring.worker.Timer
import java.security.SecureRandom
import java.util.HexFormat
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration

/**
 * How a channel whose connection broke gets another one, and until when it waits for it.
 *
 * Thread: the channel's worker.
 */
internal sealed class Comeback(
    protected val channel: PeerChannel,
) : Timer() {
    abstract val rule: ResendRule

    /** By which the peer knows the channel again; null when it does not. */
    abstract val session: String?

    /** False once the program, or the peer's bye, has ended the channel. */
    var isWanted = true

    /** The connection broke; false when the channel shall end. */
    abstract fun lost(): Boolean

    /** It has a connection again, or has ended. */
    open fun stop() {
        if (isArmed) channel.worker.disarm(this)
    }
}

/** How long to wait before an attempt: twice as long before each further one, up to [max], cut by chance by up to a half. */
internal class Backoff(
    private val min: Duration,
    private val max: Duration,
    private val random: Random = Random,
) {
    private var nextNanos = min.inWholeNanoseconds

    /** Before the next attempt. */
    fun nextNanos(): Long = cut().also { nextNanos = minOf(nextNanos * 2, max.inWholeNanoseconds) }

    /** As [nextNanos], and the one after it is no longer. */
    fun sameNanos(): Long = cut()

    /** An attempt has succeeded. */
    fun reset() {
        nextNanos = min.inWholeNanoseconds
    }

    // Peers that lost their server in the same moment must not come back in the same moment.
    private fun cut(): Long = random.nextLong(nextNanos / 2, nextNanos) + 1
}

/** Connects again: the end that has connected before. */
internal class Reconnection(
    channel: PeerChannel,
    private val settings: Reconnect,
    private val hello: Message,
) : Comeback(channel) {
    private val backoff = Backoff(settings.delayMin, settings.delayMax)

    // The first attempt is one of them, should it fail.
    private var failures = 1
    override val rule: ResendRule get() = settings.rule
    override val session: String? = if (rule == ResendRule.EXACTLY_ONCE) Sessions.newId() else null

    /** What the program has said as it connected, to be said again. */
    fun helloAgain(): Message = hello.copy().channel(channel.number)

    override fun lost(): Boolean = tryLater()

    /** An attempt has failed; false when it was the last. */
    fun failed(
        status: MessageStatus,
        hadConnection: Boolean,
    ): Boolean {
        // An address that is none was never any, but one that was found before will be found again.
        if (status == MessageStatus.INVALID_ADDRESS && !hadConnection) return false
        return tryLater()
    }

    private fun tryLater(): Boolean {
        if (++failures > settings.attemptsMax) return false
        channel.worker.arm(this, backoff.nextNanos())
        return true
    }

    /** The peer has the channel on another worker, where the next connection may arrive: no failure. */
    fun tryElsewhere() = channel.worker.arm(this, backoff.sameNanos())

    /** The peer has answered. */
    fun answered() {
        failures = 0
        backoff.reset()
    }

    override fun fire() = channel.openAgain(this)

    /** Why the channel ends after an attempt that has failed because of [reason]. */
    fun describe(reason: String): String =
        if (failures <= settings.attemptsMax) {
            reason
        } else {
            "given up after attemptsMax=${settings.attemptsMax} attempts to connect in a row: $reason"
        }
}

/** Waits for the peer: the end that was connected to. */
internal class Resumption(
    channel: PeerChannel,
    override val session: String,
    private val sessions: Sessions,
    private val settings: Resume,
) : Comeback(channel) {
    private var isAway = false
    override val rule: ResendRule get() = ResendRule.EXACTLY_ONCE

    /** The hello request with which the peer has come back, and how many messages it has got. */
    var helloId = 0L
    var got = 0L

    override fun lost(): Boolean {
        if (!sessions.enterAway(settings.awayMax)) return false
        isAway = true
        channel.worker.arm(this, settings.timeout.inWholeNanoseconds)
        return true
    }

    override fun stop() {
        super.stop()
        if (isAway) sessions.leaveAway()
        isAway = false
    }

    override fun fire() =
        channel.giveUp(MessageStatus.PEER_DISCONNECTED, "its peer did not come back within ${settings.timeout}")
}

/** The channels of an engine that their peers may come back to. Any thread. */
internal class Sessions {
    private val channels = ConcurrentHashMap<String, PeerChannel>()
    private val awayCount = AtomicInteger()

    val count: Int get() = channels.size

    operator fun get(id: String): PeerChannel? = channels[id]

    /** False when another channel has the id. */
    fun add(
        id: String,
        channel: PeerChannel,
    ): Boolean = channels.putIfAbsent(id, channel) == null

    fun remove(
        id: String,
        channel: PeerChannel,
    ) {
        channels.remove(id, channel)
    }

    fun enterAway(max: Int): Boolean {
        if (awayCount.incrementAndGet() <= max) return true
        awayCount.decrementAndGet()
        return false
    }

    fun leaveAway() {
        awayCount.decrementAndGet()
    }

    companion object {
        private const val ID_BYTES = 16
        private val random = SecureRandom()

        /** Not to be guessed: whoever knows it gets the channel. */
        fun newId(): String = HexFormat.of().formatHex(ByteArray(ID_BYTES).also(random::nextBytes))

        fun isId(text: String): Boolean = text.length == 2 * ID_BYTES && text.all { HexFormat.isHexDigit(it.code) }
    }
}
