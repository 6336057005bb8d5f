package schedule

import "slices"

// Remove takes a job out that waits or is held, and reports whether it did. What is being sent stays.
func (s *Scheduler) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j == nil || j.state == sending {
		return false
	}
	s.remove(j)
	j.flow.site.changed(j.flow)
	j.flow.release()
	return true
}

// RemoveWorkspace takes out all jobs of a workspace that wait or are held, and says how many. What is being sent stays.
func (s *Scheduler) RemoveWorkspace(ws string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.workspaces[ws]
	if w == nil {
		return 0
	}
	n := 0
	for _, f := range slices.Collect(w.flows.all) {
		for _, jobs := range []*list[*job]{&f.ready[Prompt], &f.ready[Bulk], &f.later, &f.held} {
			for jobs.len > 0 {
				s.remove(jobs.front.of)
				n++
			}
		}
		f.site.changed(f)
		f.release()
	}
	return n
}

func (s *Scheduler) remove(j *job) {
	j.flow.take(j)
	j.flow.count(j, -1)
	j.state = gone
	delete(s.jobs, j.ID)
}

// Hold keeps a waiting job from being sent until Release. It reports false if there is none, or it is being sent.
func (s *Scheduler) Hold(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j == nil || j.state == sending {
		return false
	}
	if j.state != held {
		j.flow.take(j)
		j.state = held
		j.flow.held.pushBack(&j.node)
		j.flow.site.changed(j.flow)
	}
	return true
}

// Release lets a held job go on. It reports false if there is none that is held.
func (s *Scheduler) Release(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j == nil || j.state != held {
		return false
	}
	s.queue(j)
	return true
}
