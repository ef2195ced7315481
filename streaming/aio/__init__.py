"""asyncio helpers: bounded queues, executors, isolation, logging of exceptions. Independent of the rest of Parley."""
