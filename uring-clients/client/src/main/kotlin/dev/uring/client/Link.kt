package dev.uring.client

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.client.session.ProtocolSession
import dev.uring.net.Connection
import dev.uring.net.ConnectionAcceptor
import dev.uring.net.ConnectionHandler
import java.util.concurrent.CompletionException
import kotlin.time.toJavaDuration

/**
 * One place in a worker where requests go out to the server: a connection when there is one, and what waits for it when
 * there is none.
 *
 * Connects when something is submitted, greets, and then writes each request into the connection's send queue as it is
 * submitted; the worker sends all of a turn at once. After a lost connection it connects again as soon as something
 * waits, with growing pauses.
 *
 * Tempting but wrong: to fail what is in flight where the loss is noticed. Coroutines may only be resumed from the loop's
 * top level, and a loss may be noticed inside one: so they hear of it in [onClosed].
 *
 * Thread: the worker's.
 */
public open class Link<R>(
    private val side: WorkerSide<R>,
    public val kind: Kind,
) : ConnectionHandler,
    ConnectionAcceptor {
    /** Who uses a link. */
    public enum class Kind {
        /** For all coroutines of the worker. */
        SHARED,

        /** For one user at a time: a cancelled request takes the connection with it. */
        DEDICATED,

        /** For who listens to what the server says by itself: stays connected without requests. */
        SUBSCRIBER,
    }

    private enum class State { IDLE, CONNECTING, GREETING, READY, ENDING, PAUSING, CLOSED }

    private val config = side.links
    private val worker = side.worker
    internal val texts = LinkTexts(this, side)
    internal val traffic = LinkTraffic(this, side)
    private val times = LinkTimers(this, side)
    private var state = State.IDLE
    private var attempt: Dialing? = null
    private var connection: Connection? = null
    private var failuresInRow = 0
    private var isClosing = false

    // Of the present connection, or else of the last one, or of the last attempt.
    private var wasReady = false
    private var endedBy: Throwable? = null
    private var refusal: Throwable? = null

    /** Called on the worker whenever the link has become ready. */
    public var whenReady: () -> Unit = {}

    /** Called on the worker when it cannot be connected, or was lost; the link tries again. */
    public var whenLost: (Throwable) -> Unit = {}

    /** Which connection this is, from 1; 0 before the first. What a server keeps for a connection ends with it. */
    public var generation: Long = 0L
        private set

    /** The session of the present connection, or null. */
    public val session: ProtocolSession<R>? get() = traffic.session

    /** Whether it is connected and has been greeted. */
    public val isReady: Boolean get() = state == State.READY

    /** Whether it takes no more requests. */
    public val isClosed: Boolean get() = isClosing || state == State.CLOSED

    /** Why the last attempt to connect failed, for messages. */
    public var lastFailure: Throwable? = null
        private set

    internal fun submit(request: Request<R>) {
        worker.checkCurrent()
        if (isClosed) throw texts.closed(request)
        side.checkSize(request)
        if (traffic.isOutdated(request)) throw texts.outdated(request)
        if (state == State.PAUSING && !config.waitsForServer) endPauseOrRefuse()
        val mayGo = traffic.waiting.isEmpty && traffic.mayWrite(request)
        if (!mayGo && traffic.waiting.count >= config.maxWaiting) throw texts.overload(request)
        request.link = this
        request.isSent = false
        times.note(request)
        if (mayGo) {
            traffic.send(request)
        } else {
            traffic.waiting.add(request)
            if (state == State.IDLE) connect() else traffic.pump()
        }
    }

    /** The one who waits for [request], which is sent, does not any more. */
    internal fun gaveUp(request: Request<R>) {
        request.abandon()
        // It would hold up whoever comes next, or worse, answer them.
        if (kind == Kind.DEDICATED) lose(texts.givenUp()) else side.gaveUp(this, request)
    }

    /** No reply to [request], which is abandoned, will come: its session has forgotten it. */
    public fun forgotten(request: Request<R>) {
        side.counters.inFlight -= request.replies
        request.dropAbandoned()
        // Not right here: the one who gave up has not heard of it yet, and must not be overtaken.
        side.executeUnlessStopped {
            traffic.pump()
            if (isClosing) endIfIdle()
        }
    }

    /** Connects now, if need be. */
    public fun connect() {
        if (state != State.IDLE || isClosed) return
        state = State.CONNECTING
        // What is thrown here is a wrong address: no attempt will ever do better.
        val begun =
            try {
                side.dialer.dial(worker, this)
            } catch (failure: RuntimeException) {
                state = State.IDLE
                traffic.failWaiting(failure)
                return
            }
        attempt = begun
        begun.result.whenComplete { _, failure ->
            attempt = null
            if (failure != null) connectFailed((failure as? CompletionException)?.cause ?: failure)
        }
    }

    /**
     * Sends [request] ahead of all that waits: for greetings and pings. It is written now, if there is a connection, and has
     * no deadline of its own.
     */
    public fun writeAhead(request: Request<R>) {
        if (state == State.GREETING) connection?.expectWithin(config.connectTimeout.toJavaDuration())
        traffic.sendAhead(request)
    }

    /** Where bytes go that have no reply, or whose replies are pushes; null when the link is not ready. */
    public fun outputOrNull(): ByteSink? = if (isReady) connection?.output() else null

    /** As [outputOrNull], and null also while the send queue is full: for what may as well not be said. */
    public fun outputIfWritable(): ByteSink? = if (connection?.isWritable == true) outputOrNull() else null

    /** Takes nothing more from the server until [resumeReceive]. */
    public fun pauseReceive() {
        connection?.pauseReceive()
    }

    /** Ends [pauseReceive]. */
    public fun resumeReceive() {
        connection?.resumeReceive()
    }

    /** Gives the connection up because of [cause]; what is in flight hears of it in [onClosed]. */
    public fun lose(cause: Throwable) {
        val lost = connection ?: return
        if (state == State.ENDING) return
        state = State.ENDING
        endedBy = cause
        session?.stop()
        lost.abort()
    }

    /** Takes no more requests; ends the connection when what is in flight has been answered. */
    public fun close() {
        if (isClosing) return
        isClosing = true
        attempt?.cancel()
        // Not right here: a coroutine may have called, and must not be entered by another.
        side.executeUnlessStopped {
            traffic.failWaiting(texts.closed())
            times.closeWithin()
            endIfIdle()
        }
    }

    /** The server has been greeted, and takes requests. */
    public fun greeted() {
        state = State.READY
        failuresInRow = 0
        wasReady = true
        side.hasBeenReady = true
        side.counters.connects++
        times.start()
        whenReady()
        traffic.pump()
        if (isClosing) endIfIdle()
    }

    /** The server does not take us. Who waits hears why: trying again would not help them. */
    public fun refused(cause: Throwable) {
        side.counters.connectFailures++
        refusal = cause
        lose(cause)
        side.executeUnlessStopped { traffic.failWaiting(cause) }
    }

    final override fun accept(connection: Connection): ConnectionHandler = this

    final override fun onOpen(connection: Connection) {
        this.connection = connection
        if (isClosing) {
            connection.abort()
            return
        }
        traffic.open(connection, side.openSession(this))
        generation++
        wasReady = false
        refusal = null
        state = State.GREETING
        side.greet(this)
    }

    final override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        val receiving = session ?: return bytes.size()
        times.noteReceived()
        val before = receiving.repliesTotal()
        val consumed = receiving.received(bytes)
        val replies = receiving.repliesTotal() - before
        side.counters.inFlight -= replies
        side.counters.repliesReceived += replies
        val fault = receiving.errorText()
        if (fault != null) {
            lose(texts.fault(fault))
        } else if (!traffic.waiting.isEmpty) {
            traffic.pump()
        }
        if (isClosing) endIfIdle()
        return consumed
    }

    final override fun onWritable(connection: Connection): Unit = traffic.pump()

    final override fun onReceiveTimeout(connection: Connection): Unit = lose(texts.noGreeting())

    final override fun onEnd(connection: Connection): Unit = lose(texts.ended())

    final override fun onDrain(connection: Connection): Unit = close()

    final override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) {
        this.connection = null
        times.stop()
        val left = traffic.end()
        val why = endedBy ?: cause
        endedBy = null
        if (wasReady) side.counters.connectionsLost++
        if (isClosing) state = State.CLOSED else pause()
        lastFailure = why ?: lastFailure
        traffic.settle(left, why)
        // Thrown out before it was greeted: by a server that wants a certificate, for one.
        if (why != null && !wasReady && !mayComeBack) traffic.failWaiting(refusal ?: texts.unreachable(why))
        if (why != null && !isClosing) whenLost(why)
        wake()
        endTimes()
    }

    internal fun ping(): Boolean {
        val present = session ?: return false
        // It waits at the server, and is rightly silent.
        if (kind == Kind.DEDICATED && present.pendingCount() > 0) return false
        return side.ping(this)
    }

    internal fun pauseOver() {
        if (state != State.PAUSING) return
        state = State.IDLE
        if (!traffic.waiting.isEmpty || kind == Kind.SUBSCRIBER) connect()
    }

    // A server that was never there most often has another address.
    private val mayComeBack: Boolean get() = side.hasBeenReady && config.waitsForServer

    private fun connectFailed(cause: Throwable) {
        side.counters.connectFailures++
        lastFailure = cause
        refusal = null
        if (isClosing) {
            state = State.CLOSED
            endTimes()
            return
        }
        pause()
        if (!mayComeBack) traffic.failWaiting(texts.unreachable(cause))
        whenLost(cause)
    }

    // Nobody is left whose time could be up.
    private fun endTimes() {
        if (state == State.CLOSED && traffic.waiting.isEmpty) times.end()
    }

    private fun pause() {
        failuresInRow++
        state = State.PAUSING
        times.pause(failuresInRow)
    }

    // Followed up at once when somebody waits: most often one connection broke, not the server.
    private val isFirstLoss: Boolean get() = wasReady && failuresInRow == 1

    private fun wake() {
        if (isFirstLoss && !traffic.waiting.isEmpty) pauseOver()
    }

    // Somebody else may answer: whoever asks during a pause hears at once how the last attempt ended.
    private fun endPauseOrRefuse() {
        if (isFirstLoss) {
            pauseOver()
        } else if (kind != Kind.SUBSCRIBER) {
            throw refusal ?: texts.unreachable(lastFailure ?: texts.ended())
        }
    }

    private fun endIfIdle() {
        val open = connection
        if (open == null) {
            if (attempt == null) state = State.CLOSED
            endTimes()
        } else if (session?.pendingCount() == 0 || !isReady) {
            session?.stop()
            open.close()
        }
    }
}
