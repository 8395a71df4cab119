package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply

/** The commands of one batch as they are collected into [content], which is lent until the batch is over. */
internal class BatchBuilder<K : Any, V : Any>(
    private val content: BatchContent,
    override val codec: RedisCodec<K, V>,
) : RedisBatch<K, V> {
    private var isOver = false

    override fun command(command: Command): CommandWriter {
        checkNotOver(command)
        return content.begin(command)
    }

    override fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): BatchResult<T> {
        val command = request.command()
        checkNotOver(command)
        refuseIf(request, request.blockMillis() != CommandWriter.NOT_BLOCKING) {
            "$command waits at the server, and would make the rest of its batch wait: send it by itself"
        }
        refuseIf(request, command.`is`(Command.CONNECTION)) {
            "$command changes the state of the connection, which others share"
        }
        return BatchResult<T>(command, reply).also { content.add(request, it) }
    }

    fun end() {
        isOver = true
        content.writer.drop()
    }

    private fun checkNotOver(command: Command) =
        check(!isOver) { "$command: its batch has been sent already; add commands inside the block only" }

    private inline fun refuseIf(
        request: CommandWriter,
        isWrong: Boolean,
        why: () -> String,
    ) {
        if (!isWrong) return
        request.drop()
        throw IllegalArgumentException(why())
    }
}
