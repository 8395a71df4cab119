package dev.uring.redis.commands

import dev.uring.redis.RedisExecutor

// The commands of RediSearch with a block in place of an object that would be made for the call.

/** [ftCreate], with the fields that [schema] adds. */
public suspend fun <K : Any, V : Any> RedisExecutor<K, V>.ftCreate(
    index: String,
    options: IndexOptions = IndexOptions(),
    schema: SearchSchema.() -> Unit,
): Unit = ftCreate(index, SearchSchema().apply(schema), options)

/** [ftAlter], with the fields that [schema] adds. */
public suspend fun <K : Any, V : Any> RedisExecutor<K, V>.ftAlter(
    index: String,
    schema: SearchSchema.() -> Unit,
): Unit = ftAlter(index, SearchSchema().apply(schema))

/** [ftSearch], with what [options] sets. */
public suspend fun <K : Any, V : Any> RedisExecutor<K, V>.ftSearch(
    index: String,
    query: String,
    options: SearchOptions.() -> Unit,
): SearchResult<K, V> = ftSearch(index, query, SearchOptions().apply(options))

/** [ftAggregate], with the steps that [aggregation] adds. */
public suspend fun <K : Any, V : Any> RedisExecutor<K, V>.ftAggregate(
    index: String,
    query: String,
    aggregation: Aggregation.() -> Unit,
): AggregateResult = ftAggregate(index, query, Aggregation().apply(aggregation))
