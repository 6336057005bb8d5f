-- Sandbox domains by the domain above them.
CREATE INDEX sandbox_above ON domains (substr(name, instr(name, '.') + 1)) WHERE sandbox = 1;
