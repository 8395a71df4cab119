// Counts a visit and lists keys: ./uring run samples/scripts/redis.uring.kts redis://127.0.0.1:6379
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.flow.count

val incr = Command.of("INCR")

launch {
    redis(args.firstOrNull() ?: "redis://127.0.0.1:6379").use { redis ->
        // All at once, over one connection: they leave together, and each coroutine goes on with its own reply.
        val visits = List(10) { async { redis.execute(redis.command(incr).key("visits"), Reply.LONG) } }.awaitAll()
        println("visits ${visits.first()} to ${visits.last()}, ${redis.scanFlow().count()} keys")
    }
}
