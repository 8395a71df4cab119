package dev.uring.redis

import dev.uring.bytes.ByteView
import dev.uring.net.ConnectAttempt
import dev.uring.net.ConnectionAcceptor
import dev.uring.net.ConnectionHandler
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.session.PushListener
import dev.uring.redis.session.ReplySession
import java.util.concurrent.CompletionException
import kotlin.time.toJavaDuration
import dev.uring.net.Connection as CoreConnection

/**
 * One place in a worker where commands go out to the server: a connection when there is one, and what waits for it when
 * there is none.
 *
 * Connects when something is submitted, greets, and then writes each command into the connection's send queue as it is
 * submitted; the worker sends all of a turn at once. After a lost connection it connects again as soon as something
 * waits, with growing pauses.
 *
 * Tempting but wrong: to fail what is in flight where the loss is noticed. Coroutines may only be resumed from the loop's
 * top level, and a loss may be noticed inside one: so they hear of it in [onClosed].
 *
 * Thread: the worker's.
 */
internal class Link(
    private val side: WorkerSide,
    val kind: Kind,
    private val pushes: PushListener = PushListener { },
) : ConnectionHandler,
    ConnectionAcceptor,
    PushListener {
    enum class Kind {
        /** For all coroutines of the worker. */
        SHARED,

        /** For one user at a time: a cancelled request takes the connection with it. */
        DEDICATED,

        /** For a subscriber: stays connected without requests. */
        SUBSCRIBER,
    }

    private enum class State { IDLE, CONNECTING, GREETING, READY, ENDING, PAUSING, CLOSED }

    private val config = side.config
    private val worker = side.worker
    private val waiting = RequestQueue(side.counters)
    private val times = LinkTimers(this, worker, config)
    private var state = State.IDLE
    private var attempt: ConnectAttempt? = null
    private var connection: CoreConnection? = null
    private var session: ReplySession? = null
    private var failuresInRow = 0
    private var isClosing = false

    // Of the present connection, or else of the last one.
    private var wasReady = false
    private var endedBy: Throwable? = null

    /** Called on the worker whenever the link has become ready. */
    var whenReady: () -> Unit = {}

    /** Called on the worker when it cannot be connected, or was lost; the link tries again. */
    var whenLost: (Throwable) -> Unit = {}

    /** Which connection this is, from 1; 0 before the first. What a server keeps for a connection ends with it. */
    var generation = 0L
        private set

    /** RESP version that the present connection speaks. */
    var protocol = 2
        private set

    val isReady: Boolean get() = state == State.READY
    val isClosed: Boolean get() = isClosing || state == State.CLOSED

    /** Why the last attempt to connect failed, for messages. */
    var lastFailure: Throwable? = null
        private set

    fun submit(request: Request) {
        worker.checkCurrent()
        if (isClosed) throw RedisConnectionException("${request.name}: the client is closed", wasSent = false)
        side.checkSize(request)
        if (isOutdated(request)) throw outdated(request)
        val mayGo = waiting.isEmpty && mayWrite(request)
        if (!mayGo && waiting.count >= config.maxWaiting) throw overload(request)
        request.link = this
        request.isSent = false
        times.note(request)
        if (mayGo) {
            send(request)
        } else {
            waiting.add(request)
            if (state == State.IDLE) connect() else pump()
        }
    }

    /** The one who waits for [request], which is sent, does not any more. */
    fun gaveUp(request: Request) {
        request.abandon()
        // It would hold up whoever comes next, or worse, answer them.
        if (kind == Kind.DEDICATED) lose(RedisConnectionException("its request was given up", wasSent = true))
    }

    /** Connects now, if need be. */
    fun connect() {
        if (state != State.IDLE || isClosed) return
        state = State.CONNECTING
        // What is thrown here is a wrong address: no attempt will ever do better.
        val begun =
            try {
                side.runtime.connect(
                    worker,
                    config.address,
                    config.connectTimeout.toJavaDuration(),
                    side.socketOptions,
                    this,
                )
            } catch (failure: RuntimeException) {
                state = State.IDLE
                failWaiting(failure)
                return
            }
        attempt = begun
        begun.result().whenComplete { _, failure ->
            attempt = null
            if (failure != null) connectFailed((failure as? CompletionException)?.cause ?: failure)
        }
    }

    /** Writes bytes that have no reply, or whose replies are pushes. False when there is no connection for it. */
    fun writePushing(request: CommandWriter): Boolean {
        val open = connection ?: return false
        if (state != State.READY) return false
        request.finish()
        request.writeTo(open.output())
        side.giveBack(request)
        return true
    }

    fun pauseReceive() = connection?.pauseReceive()

    fun resumeReceive() = connection?.resumeReceive()

    /** Gives the connection up because of [cause]; what is in flight hears of it in [onClosed]. */
    fun lose(cause: Throwable) {
        val lost = connection ?: return
        if (state == State.ENDING) return
        state = State.ENDING
        endedBy = cause
        session?.stop()
        lost.abort()
    }

    /** Takes no more requests; ends the connection when what is in flight has been answered. */
    fun close() {
        if (isClosing) return
        isClosing = true
        attempt?.cancel()
        // Not right here: a coroutine may have called, and must not be entered by another.
        side.executeUnlessStopped {
            failWaiting(RedisConnectionException("the client is closed", wasSent = false))
            times.closeWithin()
            endIfIdle()
        }
    }

    override fun accept(connection: CoreConnection): ConnectionHandler = this

    override fun onOpen(connection: CoreConnection) {
        this.connection = connection
        if (isClosing) {
            connection.abort()
            return
        }
        val opened = ReplySession(config.replyLimits, maxOf(config.maxInFlight, OWN_IN_FLIGHT_MAX), this)
        session = opened
        generation++
        wasReady = false
        state = State.GREETING
        Greeting(this, side, connection).begin()
    }

    override fun onReceive(
        connection: CoreConnection,
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
            lose(protocolFault(fault))
        } else if (!waiting.isEmpty) {
            pump()
        }
        if (isClosing) endIfIdle()
        return consumed
    }

    override fun pushed(reader: ReplyReader) {
        side.counters.pushesReceived++
        pushes.pushed(reader)
    }

    override fun onWritable(connection: CoreConnection) = pump()

    override fun onReceiveTimeout(connection: CoreConnection) =
        lose(RedisConnectionException("no greeting within ${config.connectTimeout} from ${config.address}", false))

    override fun onEnd(connection: CoreConnection) =
        lose(RedisConnectionException("${config.address} has closed the connection", wasSent = true))

    override fun onDrain(c: CoreConnection) = close()

    override fun onClosed(
        c: CoreConnection,
        causeOrNull: Throwable?,
    ) {
        connection = null
        val ended = session
        session = null
        times.stop()
        side.counters.inFlight -= ended?.repliesExpected() ?: 0
        val left = ended?.end().orEmpty()
        val why = endedBy ?: causeOrNull
        endedBy = null
        if (wasReady) side.counters.connectionsLost++
        if (isClosing) state = State.CLOSED else pause()
        lastFailure = why ?: lastFailure
        settle(left.map { it as Request }, why)
        if (why != null && !isClosing) whenLost(why)
        wake()
    }

    // What was sent is sent again or fails, oldest first.
    private fun settle(
        left: List<Request>,
        why: Throwable?,
    ) {
        val (again, over) = left.partition { !it.isAbandoned && it.isReplayable && !isClosing }
        again.asReversed().forEach {
            it.isSent = false
            waiting.addFirst(it)
            side.counters.replays++
        }
        over.forEach {
            if (it.isAbandoned) it.dropAbandoned() else it.failed(lost(it, why))
        }
    }

    private fun lost(
        request: Request,
        why: Throwable?,
    ) = RedisConnectionException(
        "${request.name}: the connection to ${config.address} was lost after it was sent: it may or may not have had " +
            "its effect.\n  Cause: ${why?.message ?: "the client was closed"}",
        wasSent = true,
        why,
    )

    fun greeted(version: Int) {
        protocol = version
        state = State.READY
        failuresInRow = 0
        wasReady = true
        side.hasBeenReady = true
        side.counters.connects++
        times.start()
        if (kind == Kind.SUBSCRIBER) session?.expectPushes()
        whenReady()
        pump()
        if (isClosing) endIfIdle()
    }

    /** The server does not take us. Who waits hears why: trying again would not help them. */
    fun refused(cause: Throwable) {
        side.counters.connectFailures++
        lose(cause)
        side.executeUnlessStopped { failWaiting(cause) }
    }

    fun expireSent(
        nowNanos: Long,
        expired: MutableList<Request>,
    ): Long {
        var soonest = Request.NO_DEADLINE
        val present = session ?: return soonest
        for (i in 0 until present.pendingCount()) {
            val request = present.pending(i) as Request
            if (request.isAbandoned || request.deadlineNanos == Request.NO_DEADLINE) continue
            val deadline = request.deadlineNanos
            if (deadline <= nowNanos) expired += request else soonest = minOf(soonest, deadline)
        }
        return soonest
    }

    fun expireWaiting(
        nowNanos: Long,
        expired: MutableList<Request>,
    ): Long {
        var soonest = Request.NO_DEADLINE
        waiting.forEach {
            if (it.deadlineNanos <= nowNanos) expired += it else soonest = minOf(soonest, it.deadlineNanos)
        }
        return soonest
    }

    fun expire(request: Request) {
        val wasSent = request.isSent
        if (wasSent) {
            gaveUp(request)
        } else if (request.queue === waiting) {
            waiting.remove(request)
        }
        val failure = lastFailure
        val detail =
            when {
                wasSent -> ": the server at ${config.address} has not answered; its reply will be dropped."
                isReady -> ": ${session?.repliesExpected()} commands before it wait for replies (maxInFlight)."
                failure != null -> ".\n  Cause: no connection to ${config.address}: ${failure.message}"
                else -> ": no connection to ${config.address} yet."
            }
        request.expired(RedisTimeoutException(request.name, times.timeout(request), wasSent, detail))
    }

    /** Asks the server for a sign of life. */
    fun ping(): Boolean {
        val present = session ?: return false
        if (kind == Kind.SUBSCRIBER) return writePushing(side.writer(Greeting.PING))
        // It waits at the server, and is rightly silent.
        if (kind == Kind.DEDICATED && present.pendingCount() > 0) return false
        val ping = InternalRequest(side, side.writer(Greeting.PING)) { }
        if (present.hasRoom(1)) write(ping)
        return true
    }

    /** For what goes ahead of all that waits: greetings and pings. */
    fun write(request: Request) {
        val open = connection ?: return
        request.link = this
        request.deadlineNanos = Request.NO_DEADLINE
        session?.sent(request)
        request.isSent = true
        side.counters.inFlight++
        request.writeTo(open.output())
    }

    // A watch is the connection's: another one has not promised anything.
    private fun isOutdated(request: Request): Boolean =
        request.generation != Request.ANY_GENERATION && (request.generation != generation || state != State.READY)

    private fun outdated(request: Request) =
        RedisConnectionException(
            "${request.name}: the connection to ${config.address} that watched its keys was lost; nothing was executed",
            wasSent = false,
            lastFailure,
        )

    private fun mayWrite(request: Request): Boolean {
        val present = session
        if (state != State.READY || present == null || connection?.isWritable != true) return false
        // What is larger than the bound may go alone.
        return present.pendingCount() == 0 || present.repliesExpected() + request.replies <= config.maxInFlight
    }

    private fun send(request: Request) {
        val open = checkNotNull(connection)
        checkNotNull(session).sent(request)
        request.isSent = true
        side.counters.commandsSent++
        side.counters.inFlight += request.replies
        request.writeTo(open.output())
    }

    private fun pump() {
        while (state == State.READY) {
            val request = waiting.peek() ?: return
            if (!mayWrite(request)) {
                val open = connection ?: return
                if (!open.isWritable) open.requestWritable(side.sendLowWaterBytes)
                return
            }
            waiting.remove(request)
            if (isOutdated(request)) request.failed(outdated(request)) else send(request)
        }
    }

    private fun connectFailed(cause: Throwable) {
        side.counters.connectFailures++
        lastFailure = cause
        if (isClosing) {
            state = State.CLOSED
            return
        }
        pause()
        // A server that was never there most often has another address.
        if (!side.hasBeenReady) failWaiting(RedisConnectionException(cause.message.orEmpty(), wasSent = false, cause))
        whenLost(cause)
    }

    private fun pause() {
        failuresInRow++
        state = State.PAUSING
        times.pause(failuresInRow)
    }

    fun pauseOver() {
        if (state != State.PAUSING) return
        state = State.IDLE
        if (!waiting.isEmpty || kind == Kind.SUBSCRIBER) connect()
    }

    // A first failure is followed up at once when somebody waits: most often one connection broke, not the server.
    private fun wake() {
        val isFirstLoss = wasReady && failuresInRow == 1
        if (isFirstLoss && !waiting.isEmpty) pauseOver()
    }

    private fun endIfIdle() {
        val open = connection
        if (open == null) {
            if (attempt == null) state = State.CLOSED
        } else if (session?.pendingCount() == 0 || state != State.READY) {
            session?.stop()
            open.close()
        }
    }

    private fun failWaiting(cause: Throwable) {
        // Those of now: who is told may submit again right away, and would be told again for ever.
        repeat(waiting.count) {
            waiting.poll()?.failed(cause)
        }
    }

    private fun protocolFault(fault: String) =
        RedisConnectionException(
            "${config.address} does not speak RESP as it should: $fault.\n" +
                "  Likely cause: another server listens there, or a proxy changes what passes.",
            wasSent = true,
        )

    private fun overload(request: Request) =
        RedisOverloadException(
            "${request.name}: maxWaiting=${config.maxWaiting} commands wait for ${config.address} already" +
                (if (isReady) ", behind maxInFlight=${config.maxInFlight}" else ", which is not connected") +
                ".\n  Start fewer coroutines at a time, or raise the bound.",
        )

    private companion object {
        // A greeting is up to three commands, whatever bound the commands of others have.
        const val OWN_IN_FLIGHT_MAX = 8
    }
}
