// Package peers holds no code of the program: its tests run the real binary against clients that nobody here wrote
// (swaks, curl, Python's smtplib, Postfix, Node), kill it at random moments, and watch its system calls. A peer that is
// absent is skipped by name; where CI is set, none may be.
package peers
