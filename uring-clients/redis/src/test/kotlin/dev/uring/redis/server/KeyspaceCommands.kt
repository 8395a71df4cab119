package dev.uring.redis.server

import dev.uring.redis.store.Keyspace

/** What the tests of this package keep in a keyspace: enough to reach each way to run a command. */
internal fun keyspaceCommands(commands: RespCommands<Keyspace>) =
    with(commands) {
        command("GET", arity = 2, key = 1) { reply.bulk(shard[key]) }
        command("SET", arity = 3, key = 1) {
            shard.set(key, arg(2))
            reply.ok()
        }
        command("INCR", arity = 2, key = 1) {
            val entry = shard.getOrAdd(key)
            if (entry.size() > 0 && !entry.isLong) throw RespError.NOT_AN_INTEGER
            entry.setLong((if (entry.size() > 0) entry.toLong() else 0) + 1)
            reply.integer(entry.toLong())
        }
        command("MGET", arity = -2, keys = 1..-1, merge = Merge.EACH) {
            reply.array(keysCount)
            eachKey { reply.bulk(shard[it]) }
        }
        command("MSET", arity = -3, keys = 1..-1 step 2, merge = Merge.SAME) {
            eachPair { key, value -> shard.set(key, value) }
            reply.ok()
        }
        command("DEL", arity = -2, keys = 1..-1, merge = Merge.SUM) { reply.integer(countKeys { shard.remove(it) }) }
        command("KEYS", arity = 2, everywhere = Merge.CONCAT) {
            val pattern = glob(1)
            val found = buildList { shard.forEach { if (pattern.matches(it.key())) add(it.key()) } }
            reply.array(found.size)
            found.forEach { reply.bulk(it) }
        }
        command("DBSIZE", arity = 1, everywhere = Merge.SUM) { reply.integer(shard.size()) }
        command("FLUSHALL", arity = 1, everywhere = Merge.SAME) {
            shard.clear()
            reply.ok()
        }
    }
