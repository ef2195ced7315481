"""Components of Gradio, or objects of their kind, as the inputs and outputs of a stream's page. Gradio itself is not needed."""

from streaming.components.component import Component, components_of
from streaming.components.component_values import UNCHANGED, ComponentError, from_page, to_page
from streaming.components.handler import HandlerResult, new_values

__all__ = ["UNCHANGED", "Component", "ComponentError", "HandlerResult", "components_of", "from_page", "new_values", "to_page"]
