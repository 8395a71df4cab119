package dev.uring.momento.server

import dev.uring.base.UringException
import dev.uring.bytes.ByteView
import dev.uring.dsl.Connection
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.MomentoCommand
import dev.uring.momento.codec.MomentoLimits
import dev.uring.momento.codec.MomentoReplyWriter
import dev.uring.momento.codec.ReplyKind
import dev.uring.momento.codec.StatusCode
import dev.uring.momento.session.MomentoServerSession
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.job
import kotlinx.coroutines.launch

/** Drives a [MomentoServerSession] with a connection's bytes, and runs its calls. Thread: the connection's worker. */
internal class MomentoConnection(
    private val connection: Connection,
    private val commands: MomentoServerCommands,
    limits: MomentoLimits,
    callsMax: Int,
    private val sendHighWaterBytes: Long,
    private val onError: (Connection, Throwable) -> Unit,
) : MomentoServerSession.Handler {
    private val session = MomentoServerSession(limits, callsMax, this)
    private val callEnded = Channel<Unit>(Channel.CONFLATED)
    private var scope: CoroutineScope? = null

    // The call that has not suspended yet: the session has not heard of it.
    private var beginning: MomentoServerCall? = null

    suspend fun serve() {
        try {
            coroutineScope {
                scope = this
                val isRefused = !converse()
                // Otherwise what is being answered is answered, though the client has finished sending.
                if (isRefused) coroutineContext.job.cancelChildren()
            }
        } catch (_: HungUp) {
            connection.abort()
        } finally {
            session.close()
        }
    }

    // False when the client has been refused, or does not speak the protocol.
    private suspend fun converse(): Boolean {
        while (true) {
            while (session.isFull) callEnded.receive()
            awaitRoom()
            val consumed = connection.receive { session.received(it, connection.output) }
            val fault = session.errorText()
            if (fault != null) {
                onError(connection, UringException("${connection.remoteAddress}: $fault"))
                return false
            }
            if (session.isEnding) return false
            if (consumed == Connection.END_OF_INPUT) return true
        }
    }

    // Until the client has read enough of what it was sent.
    private suspend fun awaitRoom() {
        while (!hasRoom()) connection.send(NOTHING)
    }

    override fun hasRoom(): Boolean = connection.unsentBytes < sendHighWaterBytes

    override fun authenticate(token: String): Boolean = commands.isTokenGood(token)

    override fun call(command: MomentoCommand): Any? {
        val id = command.messageId()
        val call =
            MomentoServerCall(
                command.kind(),
                command.namespace().text(),
                command.key().bytes(),
                command.value().bytes(),
                command.ttlMillis(),
            )
        beginning = call
        val job = checkNotNull(scope).launch(start = CoroutineStart.UNDISPATCHED) { answer(id, call) }
        beginning = null
        return if (job.isCompleted) null else job
    }

    override fun cancelled(call: Any) {
        (call as Job).cancel()
        callEnded.trySend(Unit)
    }

    private suspend fun answer(
        id: Long,
        call: MomentoServerCall,
    ) {
        var value: ByteArray? = null
        var refusal: MomentoRefusal? = null
        var failure: Throwable? = null
        try {
            value = run(call)
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (refused: MomentoRefusal) {
            refusal = refused
        } catch (failed: Throwable) {
            failure = failed
            refusal = MomentoRefusal(StatusCode.INTERNAL, failed.javaClass.simpleName)
        }
        if (call.hangsUp) throw HungUp()
        if (beginning !== call) {
            awaitRoom()
            // Cancelled by the client just now: it does not wait any more.
            if (!session.ended(id)) return
            callEnded.trySend(Unit)
        }
        if (refusal == null) write(id, call.kind, value) else writeError(id, refusal)
        failure?.let { onError(connection, UringException("$call from ${connection.remoteAddress} failed: $it", it)) }
    }

    private suspend fun run(call: MomentoServerCall): ByteArray? {
        commands.beforeEach?.invoke(call)
        when (call.kind) {
            CommandKind.GET -> return commands.answerGet(call)
            CommandKind.SET -> commands.answerSet(call)
            else -> commands.answerDelete(call)
        }
        return null
    }

    private fun write(
        id: Long,
        kind: CommandKind,
        value: ByteArray?,
    ) {
        val output = connection.output
        when {
            value != null -> MomentoReplyWriter.writeHit(output, id, value)
            kind == CommandKind.GET -> MomentoReplyWriter.writeEmpty(output, id, ReplyKind.GET)
            kind == CommandKind.SET -> MomentoReplyWriter.writeEmpty(output, id, ReplyKind.SET)
            else -> MomentoReplyWriter.writeEmpty(output, id, ReplyKind.DELETE)
        }
    }

    private fun writeError(
        id: Long,
        refusal: MomentoRefusal,
    ) = MomentoReplyWriter.writeError(connection.output, id, refusal.status, refusal.message.orEmpty())

    private fun ByteView.bytes() = if (isEmpty) NOTHING else toByteArray()

    private fun ByteView.text() = if (isEmpty) "" else toUtf8()

    /** Ends the connection's coroutines without a word. */
    private class HungUp : UringException("hung up")

    private companion object {
        val NOTHING = ByteArray(0)
    }
}
