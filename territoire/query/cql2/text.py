"""Parses CQL2 text (OGC 21-065r2, /req/cql2-text) in one pass over its tokens: no token is read twice."""

from __future__ import annotations

import math
from collections.abc import Callable

from territoire.query.cql2 import scan, tree, wkt
from territoire.query.cql2.scan import Token
from territoire.query.cql2.tree import Instant, Literal, Node, Operation, Property, Several, Span

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_SUMS = {"+": "+", "-": "-"}
_PRODUCTS = {"*": "*", "/": "/", "%": "%", "div": "div"}
_POWERS = {"^": "^"}
Reading = Callable[[], Node]
_RESERVED = frozenset({"and", "or", "not", "like", "between", "in", "is", "div"})


def parse(text: str, *, ilike: bool = False) -> Node:
    """Return the tree of a CQL2 text; RequestError names line, column and what was expected.

    `ilike` reads the ILIKE of older drafts too, as an operation of that name.
    """
    parser = _Parser(text, ilike=ilike)
    try:
        found = parser.either()
        if parser.next.kind != "end":
            raise ValueError("AND, OR or the end of the filter was expected")
    except ValueError as exc:
        raise parser.unexpected(str(exc)) from exc
    tree.check_depth(found, text)
    return found


class _Parser:
    """Recursive descent: a method for each level of precedence, weakest first; ValueError says what was expected."""

    def __init__(self, text: str, *, ilike: bool) -> None:
        self._text = text
        self._likes = ("like", "ilike") if ilike else ("like",)
        self._tokens = scan.tokens(text)
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The next token."""
        return self._tokens[self._place]

    def step(self) -> Token:
        """Take the next token."""
        token = self.next
        if token.kind != "end":
            self._place += 1
        return token

    def has(self, symbol: str) -> bool:
        """Take a symbol or a keyword if it is next."""
        token = self.next
        found = token.word == symbol or (token.kind == "symbol" and token.value == symbol)
        if found:
            self.step()
        return found

    def take(self, symbol: str) -> Token:
        """Take a symbol or a keyword, or refuse."""
        token = self.next
        if not self.has(symbol):
            raise ValueError(f"{symbol.upper()} was expected")
        return token

    def unexpected(self, expected: str) -> Exception:
        """Return the refusal at the next token."""
        token = self.next
        found = "the end" if token.kind == "end" else repr(self._text[token.at : token.at + 30].split("\n")[0])
        return tree.refusal(
            self._text,
            token.at,
            f"{expected}, but here is {found}",
            "write it as nom = 'L''Isle-sur-la-Sorgue' AND population > 1000",
        )

    def number(self) -> float:
        """Take a number with its sign."""
        sign = -1 if self.has("-") else 1
        if sign == 1:
            self.has("+")
        if self.next.kind != "number":
            raise ValueError("a number was expected")
        return float(sign * self._number(self.step()))

    def either(self) -> Node:
        """Read conditions joined by OR."""
        return self._joined("or", lambda: self._joined("and", self._negation))

    def _joined(self, word: str, read: Reading) -> Node:
        at = self.next.at
        found = [read()]
        while self.has(word):
            found.append(read())
        return found[0] if len(found) == 1 else Operation(word, tuple(found), at)

    def _negation(self) -> Node:
        token = self.next
        if not self.has("not"):
            return self._comparison()
        self._descend()
        inner = self._negation()
        self._depth -= 1
        return Operation("not", (inner,), token.at)

    def _comparison(self) -> Node:
        left = self._sum()
        token = self.next
        if token.kind == "symbol" and token.value in _COMPARISONS:
            self.step()
            return Operation(_COMPARISONS[token.value], (left, self._sum()), token.at)
        if self.has("is"):
            negated = self.has("not")
            self.take("null")
            return _negated(Operation("isnull", (left,), token.at), negated=negated)
        negated = self.has("not")
        for like in self._likes:
            if self.has(like):
                return _negated(Operation(like, (left, self._sum()), token.at), negated=negated)
        if self.has("between"):
            lower = self._sum()
            self.take("and")
            return _negated(Operation("between", (left, lower, self._sum()), token.at), negated=negated)
        if self.has("in"):
            return _negated(Operation("in", (left, self._several()), token.at), negated=negated)
        if negated:
            raise ValueError("LIKE, BETWEEN or IN was expected")
        return left

    def _several(self) -> Several:
        at = self.take("(").at
        found = [self._sum()]
        while self.has(","):
            found.append(self._sum())
        self.take(")")
        return Several(tuple(found), at)

    def _sum(self) -> Node:
        return self._chain(_SUMS, lambda: self._chain(_PRODUCTS, lambda: self._chain(_POWERS, self._factor)))

    def _chain(self, operators: dict[str, str], read: Reading) -> Node:
        found = read()
        while (self.next.value if self.next.kind == "symbol" else self.next.word) in operators:
            token = self.step()
            found = Operation(operators[token.value.lower()], (found, read()), token.at)
        return found

    def _factor(self) -> Node:
        token = self.next
        if self.has("+"):
            return Literal(self._number(self._expect("number")), token.at)
        if not self.has("-"):
            return self._primary()
        if self.next.kind == "number":
            return Literal(-self._number(self.step()), token.at)
        self._descend()
        inner = self._factor()
        self._depth -= 1
        return Operation("*", (Literal(-1), inner), token.at)

    def _primary(self) -> Node:
        token = self.next
        if self.has("("):
            self._descend()
            inner = self.either()
            self.take(")")
            self._depth -= 1
            return inner
        if token.kind == "text":
            return Literal(self.step().value, token.at)
        if token.kind == "number":
            return Literal(self._number(self.step()), token.at)
        if token.kind == "name":
            return Property(self.step().value, token.at)
        if token.kind == "word" and token.word not in _RESERVED:
            return self._word(self.step())
        raise ValueError("a property, a value or a function was expected")

    def _word(self, token: Token) -> Node:
        called = self.next.kind == "symbol" and self.next.value == "("
        if token.word in wkt.TYPES and (called or self.next.word in wkt.DIMENSIONS):
            return wkt.shape(self, token.word, token.at)
        if not called:
            constants = {"true": True, "false": False, "null": None}
            return (
                Literal(constants[token.word], token.at) if token.word in constants else Property(token.value, token.at)
            )
        if token.word == "bbox":
            return wkt.box(self, token.at)
        if token.word in {"date", "timestamp"}:
            self.take("(")
            text = self._expect("text").value
            self.take(")")
            return Instant("date" if token.word == "date" else "timestamp", text, token.at)
        if token.word == "interval":
            return self._interval(token)
        return self._call(token)

    def _interval(self, token: Token) -> Span:
        self.take("(")
        start = self._bound()
        self.take(",")
        end = self._bound()
        self.take(")")
        return Span(start, end, token.at)

    def _bound(self) -> Node | None:
        if self.next.kind == "text" and self.next.value == "..":
            self.step()
            return None
        return self._primary()

    def _call(self, token: Token) -> Operation:
        self._descend()
        self.take("(")
        args: list[Node] = []
        while not self.has(")"):
            if args:
                self.take(",")
            args.append(self.either())
        self._depth -= 1
        return Operation(token.word, tuple(args), token.at)

    def _expect(self, kind: str) -> Token:
        if self.next.kind != kind:
            raise ValueError(f"a {kind} was expected")
        return self.step()

    def _number(self, token: Token) -> int | float:
        value = int(token.value) if token.value.isdigit() and len(token.value) <= 19 else float(token.value)
        if not math.isfinite(value):
            raise tree.refusal(self._text, token.at, f"{token.value[:40]} is not a finite number", "write it as 4.2")
        return value

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > tree.MAX_DEPTH:
            raise tree.refusal(
                self._text, self.next.at, f"nested deeper than {tree.MAX_DEPTH} levels", "ask a simpler question"
            )


def _negated(operation: Operation, *, negated: bool) -> Operation:
    return Operation("not", (operation,), operation.at) if negated else operation
