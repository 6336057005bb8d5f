#!/usr/bin/perl
# The repertoire of Perl's Mail::IMAPClient.
use strict;
use warnings;
use JSON::PP;
use Mail::IMAPClient;
use Test::More;

my $target = decode_json( $ENV{IMAP_TARGET} );
my @tls    = ( SSL_ca_file => $target->{CA}, SSL_hostname => 'localhost', SSL_verifycn_name => 'localhost' );
my $d      = $target->{Delimiter};

# session connects over implicit TLS and logs in; more are options of Mail::IMAPClient.
sub session {
    my $imap = Mail::IMAPClient->new(
        Server => 'localhost', Port => $target->{TLSPort}, Ssl => [@tls],
        User => $target->{User}, Password => $target->{Password}, Uid => 1, Peek => 1, Timeout => 20, Keepalive => 1, @_,
    ) or BAIL_OUT("no session: $@");
    return $imap;
}

# done_ok is ok with the client's own words about a failure.
sub done_ok {
    my ( $imap, $result, $name ) = @_;
    ok( $result, $name ) or diag( $imap->LastError // 'no error', "\n", join '', map { "    $_" } $imap->Results );
    return $result;
}

sub message {
    my ( $subject, $text, %more ) = @_;
    my $fields = join '', map { "$_: $more{$_}\r\n" } sort keys %more;
    return "From: Ann <ann\@sender.example>\r\nTo: ben\@demo.localhost\r\nSubject: $subject\r\n$fields\r\n$text\r\n";
}

my $imap = session();
ok( $imap->IsAuthenticated, 'it logs in over TLS' );
ok( $imap->has_capability($_), "it has $_" ) for qw(IMAP4REV1 IDLE UIDPLUS MOVE SORT CONDSTORE QUOTA NAMESPACE);
done_ok( $imap, scalar $imap->noop, 'NOOP' );
is( $imap->separator, $d, 'the separator' );

# Folders.
my @names = ( 'Perl', 'Perl' . $d . 'Deep', 'With space', 'Quo"te', 'Z&APw-rich', '[Brackets]' );
done_ok( $imap, scalar $imap->create($_), "CREATE $_" ) for @names;
my %there = map { $_ => 1 } $imap->folders;
ok( $there{$_}, "$_ is listed" ) for 'INBOX', 'Sent', @names;
ok( $imap->exists('Perl'), 'it exists' );
ok( !$imap->exists('Nowhere'), 'another does not' );
ok( $imap->is_parent('Perl'), 'it is a parent' );
ok( !$imap->is_parent('Perl' . $d . 'Deep'), 'the other is none' );
ok( $imap->selectable('Perl'), 'it can be selected' );
done_ok( $imap, scalar $imap->subscribe('Perl'), 'SUBSCRIBE' );
ok( ( grep { $_ eq 'Perl' } $imap->subscribed ), 'it is subscribed' );
done_ok( $imap, scalar $imap->unsubscribe('Perl'), 'UNSUBSCRIBE' );
ok( !( grep { $_ eq 'Perl' } $imap->subscribed ), 'it is not any more' );
my $special = $imap->folders_hash;
ok( ( grep { $_->{name} eq 'Trash' && grep { lc eq '\\trash' } @{ $_->{attrs} } } @$special ), 'Trash has its special use' );
done_ok( $imap, scalar $imap->rename( 'With space', 'Renamed box' ), 'RENAME' );
ok( $imap->exists('Renamed box') && !$imap->exists('With space'), 'it is renamed' );
done_ok( $imap, scalar $imap->delete($_), "DELETE $_" ) for 'Renamed box', 'Quo"te', '[Brackets]', 'Z&APw-rich';

# Messages in.
my @texts = ( message( 'Cherry', 'red', Date => 'Wed, 4 Mar 2026 09:00:00 +0000', 'Message-ID' => '<1@x>' ),
    message( 'apple', 'green', Date => 'Mon, 2 Mar 2026 09:00:00 +0000', 'Message-ID' => '<2@x>' ),
    message( 'Re: apple', "green too\r\n.\r\n..dots", Date => 'Tue, 3 Mar 2026 09:00:00 +0000', 'Message-ID' => '<3@x>', References => '<2@x>' ),
    message( 'banana', "\xc3\xbc" x 50_000, Date => 'Tue, 3 Mar 2026 10:00:00 +0000', 'Message-ID' => '<4@x>' ) );
my @uids;
for my $text (@texts) {
    push @uids, done_ok( $imap, scalar $imap->append_string( 'Perl', $text, '\\Flagged', '03-Feb-2024 04:05:06 +0000' ), 'APPEND' );
}
is_deeply( \@uids, [ 1, 2, 3, 4 ], 'APPEND answers the UIDs' );
done_ok( $imap, scalar $imap->select('Perl'), 'SELECT' );
is( $imap->message_count, 4, 'the count' );
is( $imap->unseen_count // 0, 4, 'the unseen' );
is( $imap->uidnext('Perl'), 5, 'UIDNEXT' );
like( $imap->uidvalidity('Perl'), qr/^\d+$/, 'UIDVALIDITY' );
is( $imap->message_string( $uids[$_] ), $texts[$_], "message $uids[$_] comes back" ) for 0 .. 3;
is( $imap->size(3), length $texts[2], 'RFC822.SIZE' );
like( $imap->internaldate(1), qr/^.?3-Feb-2024 04:05:06 \+0000$/, 'INTERNALDATE' );
is( $imap->subject(2), 'apple', 'the subject' );
is_deeply( $imap->parse_headers( 3, 'Subject', 'References' ), { Subject => ['Re: apple'], References => ['<2@x>'] }, 'headers' );
is( $imap->body_string(1), "red\r\n", 'the text' );
is( $imap->bodypart_string( 1, 1 ), "red\r\n", 'the first part' );
is( $imap->get_envelope(2)->subject, 'apple', 'the envelope' );
is( uc $imap->get_bodystructure(2)->bodytype, 'TEXT', 'the structure' );
my $hash = $imap->fetch_hash( [ 1, 4 ], 'FLAGS', 'RFC822.SIZE', 'BODY.PEEK[HEADER.FIELDS (SUBJECT)]' );
is( $hash->{4}{'RFC822.SIZE'}, length $texts[3], 'fetch_hash: size' );
is( $hash->{1}{'BODY[HEADER.FIELDS (SUBJECT)]'}, "Subject: Cherry\r\n\r\n", 'fetch_hash: header' );

# Search, sort, thread.
is_deeply( [ $imap->search('ALL') ], [ 1, 2, 3, 4 ], 'SEARCH ALL' );
is_deeply( [ $imap->search( 'SUBJECT', $imap->Quote('apple') ) ], [ 2, 3 ], 'SEARCH SUBJECT' );
is_deeply( [ $imap->search(qw(OR SMALLER 1000 BODY red NOT SENTON 3-Mar-2026)) ], [ 1, 2 ], 'SEARCH of several' );
is_deeply( [ $imap->search(qw(SENTSINCE 3-Mar-2026)) ], [ 1, 3, 4 ], 'SENTSINCE' );
is_deeply( [ $imap->sort( 'SUBJECT',      'UTF-8', 'ALL' ) ], [ 2, 3, 4, 1 ], 'SORT' );
is_deeply( [ $imap->sort( 'REVERSE DATE', 'UTF-8', 'ALL' ) ], [ 1, 4, 3, 2 ], 'SORT backwards' );
my $threads = $imap->thread( 'REFERENCES', 'UTF-8', 'ALL' );
is_deeply( $threads, [ [ 2, 3 ], [4], [1] ], 'THREAD' ) or diag explain $threads;

# Flags.
done_ok( $imap, scalar $imap->see(1), 'see' );
is_deeply( [ sort grep { !/recent/i } $imap->flags(1) ], [ '\\Flagged', '\\Seen' ], 'the flags' );
is_deeply( [ $imap->seen ], [1], 'SEEN' );
is_deeply( [ $imap->unseen ], [ 2, 3, 4 ], 'UNSEEN' );
done_ok( $imap, scalar $imap->deny_seeing(1), 'deny_seeing' );
done_ok( $imap, scalar $imap->set_flag( 'Label', 2, 3 ), 'a keyword' );
is_deeply( [ $imap->search( 'KEYWORD', 'Label' ) ], [ 2, 3 ], 'KEYWORD' );
done_ok( $imap, scalar $imap->unset_flag( 'Label', 2 ), 'a keyword less' );
is_deeply( [ $imap->search( 'KEYWORD', 'Label' ) ], [3], 'KEYWORD again' );
done_ok( $imap, scalar $imap->mark(4) && $imap->unmark(4), 'mark and unmark' );

# Copy, move, delete.
my $deep = "Perl${d}Deep";
is( $imap->copy( $deep, 1, 2 ), '1,2', 'COPY answers the UIDs' );
my $moved = $imap->move( $deep, 3 );
is( $moved, 3, 'MOVE answers the UID' );
$imap->expunge;    # without MOVE the client has only copied and marked
is_deeply( [ $imap->search('ALL') ], [ 1, 2, 4 ], 'one is gone' );
done_ok( $imap, scalar $imap->delete_message( 1, 4 ), 'delete' );
done_ok( $imap, scalar $imap->restore_message(4), 'restore' );
done_ok( $imap, scalar $imap->uidexpunge(1), 'UID EXPUNGE' );
is_deeply( [ $imap->search('ALL') ], [ 2, 4 ], 'another is gone' );
done_ok( $imap, scalar $imap->delete_message(4) && $imap->close, 'CLOSE expunges' );
is( $imap->message_count('Perl'), 1, 'one is left' );
done_ok( $imap, scalar $imap->examine($deep), 'EXAMINE' );
is_deeply( [ $imap->search( 'KEYWORD', 'Label' ) ], [3], 'the keyword has moved along' );

# Quota and namespace.
my $quota = join '', $imap->getquotaroot('INBOX');
my ($root) = $quota =~ /\* QUOTAROOT \S+ (?:"(.*?)"|(\S+))\s*$/m ? $1 // $2 : ();
ok( defined $root, 'a quota root' ) or diag $quota;
SKIP: {
    skip 'no limit of storage', 2 unless $quota =~ /STORAGE/;
    like( $imap->quota_usage($root) // 'none', qr/^\d+$/, 'usage' );
    like( $imap->quota($root)       // 'none', qr/^\d+$/, 'quota' );
}
my $namespace = $imap->namespace;
is_deeply( $namespace->[0], [ [ '', $d ] ], 'NAMESPACE' ) or diag explain $namespace;

# IDLE.
my $other = session();
done_ok( $imap, scalar $imap->select('INBOX'), 'SELECT INBOX' );
my $before = $imap->message_count;
my $tag    = done_ok( $imap, scalar $imap->idle, 'IDLE' );
$other->append_string( 'INBOX', message( 'New', 'new' ) );
my $seen = '';
while ( my $lines = $imap->idle_data(10) ) {
    last unless @$lines;
    $seen .= join '', @$lines;
    last if $seen =~ /^\* (\d+) EXISTS/m;
}
like( $seen, qr/^\* ${\ ( $before + 1 ) } EXISTS/m, 'new mail shows in IDLE' );
done_ok( $imap, scalar $imap->done($tag), 'DONE' );

# Compression, STARTTLS and ways to log in.
my $small = session( Compress => 1 );
SKIP: {
    skip 'no COMPRESS', 3 unless $other->has_capability('COMPRESS=DEFLATE');
    done_ok( $small, $small->select($deep), 'SELECT through COMPRESS' );
    is( $small->message_string(1), $texts[0], 'a message through COMPRESS' );
    $small->append_string( 'Perl', $texts[3] );
    $small->select('Perl');
    is( $small->message_string( ( $small->search('ALL') )[-1] ), $texts[3], 'a large message through COMPRESS, both ways' );
}
for my $mechanism (qw(PLAIN LOGIN)) {
    my $start = Mail::IMAPClient->new( Server => 'localhost', Port => $target->{Port}, Starttls => [@tls], User => $target->{User}, Password => $target->{Password}, Authmechanism => $mechanism, Timeout => 20 );
    ok( $start && $start->IsAuthenticated, "AUTHENTICATE $mechanism after STARTTLS" ) or diag $@;
    $start->logout if $start;
}
my $wrong = Mail::IMAPClient->new( Server => 'localhost', Port => $target->{TLSPort}, Ssl => [@tls], User => $target->{User}, Password => 'wrong', Timeout => 20 );
ok( !$wrong, 'a wrong password is refused' );
done_ok( $_, $_->logout, 'LOGOUT' ) for $imap, $other;
done_testing();
