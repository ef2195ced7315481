"""asyncio helpers without any knowledge of Parley: queues, executors, isolation, logging of exceptions."""
