package samples.redis

import dev.uring.dsl.uring
import dev.uring.redis.server.Merge
import dev.uring.redis.server.respServer

/** Counts words: `HIT word` adds one, `TOTAL` adds up what all workers have counted. */
suspend fun counter() =
    uring {
        respServer("127.0.0.1:6380", shard = { HashMap<String, Int>() }) {
            command("HIT", arity = 2, key = 1) { reply.integer(shard.merge(text(1), 1, Int::plus)!!) }
            command("TOTAL", arity = 1, everywhere = Merge.SUM) { reply.integer(shard.values.sum()) }
        }
    }
