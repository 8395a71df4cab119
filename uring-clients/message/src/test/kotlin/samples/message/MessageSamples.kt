package samples.message

import dev.uring.dsl.uring
import dev.uring.message.ChannelFailedException
import dev.uring.message.ChannelPlacement
import dev.uring.message.EngineConfig
import dev.uring.message.Group
import dev.uring.message.Listening
import dev.uring.message.MessageEngine
import dev.uring.message.MessageJoiner
import dev.uring.message.Services
import dev.uring.message.accept
import dev.uring.message.bye
import dev.uring.message.codec.InvalidMessageException
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageRole
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.MessageType
import dev.uring.message.connect
import dev.uring.message.engine
import dev.uring.message.group
import dev.uring.message.listen
import dev.uring.message.sendParts
import dev.uring.message.serve
import kotlinx.coroutines.delay
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds

/** Answers every request with what it carried. */
suspend fun echoServer() =
    uring {
        engine { group { echo(listen("tcp|0.0.0.0|7099")) } }
    }

/** The loop of an echo server. */
suspend fun Group.echo(
    listening: Listening,
    whenListening: (Listening) -> Unit = {},
) {
    whenListening(listening)
    for (message in incoming) {
        when {
            message.isFromEngine -> {
                message.release()
            }

            message.type() == MessageType.HELLO -> {
                accept(message)
            }

            message.role() == MessageRole.REQUEST -> {
                val body = message.body().toByteArray()
                send(message.toResponse().also { if (it.type() == MessageType.REGULAR) it.body().append(body) })
            }

            else -> {
                message.release()
            }
        }
    }
}

/** Asks an echo server, and says goodbye. */
suspend fun MessageEngine.echoClient(address: String): String =
    group {
        val channel = connect(address)
        val request = message().operation(MessageOperation.REQUEST).channel(channel)
        request.body().appendUtf8("hello")
        val response = request(request)
        val text = response.body().toUtf8()
        response.release()
        bye(channel)
        text
    }

/** A service: counts the messages of each peer, and ends when one says so. */
class CountingService(
    private val whenListening: (List<Listening>) -> Unit = {},
) : Services {
    private val counts = HashMap<Int, Int>()

    override suspend fun start(
        group: Group,
        listening: List<Listening>,
    ) = whenListening(listening)

    override suspend fun onMessage(
        group: Group,
        message: Message,
    ): Boolean {
        val channel = message.channel()
        if (message.isFromEngine) {
            if (message.isEndOfChannel) counts.remove(channel)
            message.release()
            return true
        }
        if (message.type() == MessageType.HELLO || message.type() == MessageType.BYE) {
            group.accept(message)
            return true
        }
        val isEnd = message.body().toUtf8() == "stop"
        val count = counts.merge(channel, 1, Int::plus)
        group.send(message.toResponse().also { it.body().appendUtf8("$count") })
        return !isEnd
    }
}

/** One service at several addresses, TCP and Unix alike, in one loop. */
suspend fun MessageEngine.multiHomed(
    service: Services,
    path: String,
) = serve(service, "tcp|127.0.0.1|0", "tcp|127.0.0.1|0", "uds|$path")

/** Reconnecting by hand: every try is a message, and so is its failure. */
suspend fun Group.connectPatiently(
    address: String,
    tries: Int,
): Int {
    var pause = 10.milliseconds
    repeat(tries) {
        try {
            return connect(address)
        } catch (_: ChannelFailedException) {
            delay(pause)
            pause *= 2
        }
    }
    return Message.CHANNEL_NONE
}

/** Reconnecting where the end of the channel is received. */
suspend fun Group.stayConnected(
    address: String,
    whenConnected: suspend (channel: Int) -> Boolean,
) {
    var channel = connectPatiently(address, TRIES)
    while (whenConnected(channel)) {
        for (message in incoming) {
            val isEnd = message.isEndOfChannel && message.channel() == channel
            message.release()
            if (isEnd) break
        }
        channel = connectPatiently(address, TRIES)
    }
}

/** Reconnecting by the library, see [EngineConfig.reconnect]: the program goes on sending, and only hears of it. */
suspend fun Group.hearOfReconnecting(whenHeard: (word: String) -> Boolean) {
    for (message in incoming) {
        val word =
            when {
                message.isConnectionLost -> "lost"
                message.isConnectionBack -> "back"
                else -> null
            }
        message.release()
        if (word != null && !whenHeard(word)) break
    }
}

/** What may not be sent says why, and stays the program's. */
fun Group.illegalMessages(): List<MessageStatus> =
    listOf(
        Message(),
        Message().operation(MessageOperation.BYE_REQUEST),
        Message().operation(MessageOperation.HELLO_REQUEST),
        Message().operation(MessageOperation.RESPONSE).channel(1),
    ).map { wrong ->
        try {
            trySend(wrong)
            MessageStatus.SUCCESS
        } catch (refused: InvalidMessageException) {
            refused.status()
        }
    }

/** A file of any size in parts. */
suspend fun Group.sendFile(
    channel: Int,
    file: Path,
) {
    val head = message().operation(MessageOperation.SIGNAL).channel(channel)
    head.headers().append("name", "${file.fileName}")
    sendParts(head, Files.readAllBytes(file))
}

/** The file at the other end. */
suspend fun Group.receiveFile(): Pair<String, ByteArray> {
    val joiner = MessageJoiner()
    while (true) {
        val part = receive()
        if (part.isFromEngine) {
            if (part.isEndOfChannel) joiner.forget(part.channel())
            part.release()
            continue
        }
        if (part.type() == MessageType.HELLO) {
            accept(part)
            continue
        }
        val whole = joiner.join(part) ?: continue
        val file = whole.headers().first("name") to whole.body().toByteArray()
        whole.release()
        return file
    }
}

/** A chat: whoever says something is heard by all the others. */
class Chat : Services {
    private val members = HashMap<Int, String>()

    override suspend fun onMessage(
        group: Group,
        message: Message,
    ): Boolean {
        val channel = message.channel()
        if (message.isFromEngine) {
            if (message.isEndOfChannel) members.remove(channel)?.let { say(group, channel, "$it has left") }
            message.release()
        } else if (message.type() == MessageType.HELLO) {
            members[channel] = message.headers().first("name") ?: "somebody"
            group.accept(message)
        } else {
            say(group, channel, "${members[channel]}: ${message.body().toUtf8()}")
            message.release()
        }
        return true
    }

    private suspend fun say(
        group: Group,
        from: Int,
        text: String,
    ) {
        for (channel in members.keys - from) {
            val line = group.message().operation(MessageOperation.SIGNAL).channel(channel)
            line.body().appendUtf8(text)
            try {
                group.send(line)
            } catch (_: InvalidMessageException) {
                line.release() // has just left; the word of it is on its way
            }
        }
    }
}

/** An event bus: peers subscribe to topics, and get what is published under them. */
class EventBus : Services {
    private val subscribers = HashMap<String, MutableSet<Int>>()

    override suspend fun onMessage(
        group: Group,
        message: Message,
    ): Boolean {
        val topic = message.headers().first("topic")
        when {
            message.isFromEngine -> {
                if (message.isEndOfChannel) subscribers.values.forEach { it.remove(message.channel()) }
                message.release()
            }

            message.type() == MessageType.HELLO -> {
                group.accept(message)
            }

            message.role() == MessageRole.REQUEST && topic != null -> {
                subscribers.getOrPut(topic) { LinkedHashSet() }.add(message.channel())
                group.send(message.toResponse())
            }

            else -> {
                for (channel in subscribers[topic].orEmpty().toList()) group.send(message.copy().id(0).channel(channel))
                message.release()
            }
        }
        return true
    }
}

private class FarmTask(
    val text: String,
    val channel: Int,
)

/**
 * A farm: each worker's channel has at most [PER_WORKER] tasks under way, so a slow one gets less and none is flooded. What
 * a worker had that is gone is done by another.
 */
suspend fun Group.farm(
    workers: List<Int>,
    tasks: List<String>,
): Map<String, String> {
    val results = HashMap<String, String>()
    val todo = ArrayDeque(tasks)
    val underWay = HashMap<Long, FarmTask>()
    val alive = workers.toMutableSet()

    suspend fun give(channel: Int) {
        val task = todo.removeFirstOrNull() ?: return
        val request = message().operation(MessageOperation.REQUEST).channel(channel).id(Message.nextId())
        request.body().appendUtf8(task)
        underWay[request.id()] = FarmTask(task, channel)
        try {
            send(request)
        } catch (_: InvalidMessageException) {
            request.release() // the word of the channel's end is on its way
        }
    }
    repeat(PER_WORKER) { workers.forEach { give(it) } }
    while (results.size < tasks.size) {
        val message = receive()
        val channel = message.channel()
        if (message.isEndOfChannel) {
            alive -= channel
            val lost = underWay.filterValues { it.channel == channel }
            underWay -= lost.keys
            lost.values.forEach { todo.addFirst(it.text) }
            repeat(lost.size) { alive.forEach { give(it) } }
        } else if (!message.isFromEngine) {
            underWay.remove(message.id())?.let { results[it.text] = message.body().toUtf8() }
            give(channel)
        }
        message.release()
    }
    return results
}

/** A group that has its connections on all workers. */
fun spread(engine: MessageEngine): Group = engine.create(placement = ChannelPlacement.SPREAD)

/** An engine with limits of its own. */
suspend fun configured() =
    uring {
        engine(
            EngineConfig(poolInitial = 16, poolMax = 64, channelMessagesMax = 32),
        ) { group { listen("tcp|127.0.0.1|0") } }
    }

private const val TRIES = 10
private const val PER_WORKER = 2
